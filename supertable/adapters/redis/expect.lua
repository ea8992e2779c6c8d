-- Records that a commit of this version is expected.
-- KEYS: heads. ARGV: an id for a new epoch; '1' to distrust a master without a replica; log; version.
-- Returns the process of a lone master (see `lone`).
local server, refusal, followed = this_server()
if refusal then
  return refusal
end
local at = now()
epoch_of(KEYS[1], server, ARGV[1], at, true)
local held = redis.call('HGET', KEYS[1], 'expected:' .. ARGV[3])
local version = math.max(tonumber(ARGV[4]), tonumber(string.match(held or '', '^%d+') or '0'))
redis.call('HSET', KEYS[1], 'expected:' .. ARGV[3], string.format('%.0f@%.0f', version, at))
return lone(server, followed, ARGV[2])
