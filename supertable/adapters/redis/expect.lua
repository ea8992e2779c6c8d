-- KEYS: heads. ARGV: an id for a new epoch, log, version.
local server, refusal = this_server()
if refusal then
  return refusal
end
local at = now()
epoch_of(KEYS[1], server, ARGV[1], at, true)
local held = redis.call('HGET', KEYS[1], 'expected:' .. ARGV[2])
local version = math.max(tonumber(ARGV[3]), tonumber(string.match(held or '', '^%d+') or '0'))
redis.call('HSET', KEYS[1], 'expected:' .. ARGV[2], string.format('%.0f@%.0f', version, at))
return 1
