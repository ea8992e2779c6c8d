-- Removes the oldest records of a log, up to a version. The head stays.
-- KEYS: heads, records. ARGV: '1' to distrust a master without a replica; log; version.
-- Returns: the process of a lone master (see `lone`).
local server, refusal, followed = this_server()
if refusal then
  return refusal
end
local present = tonumber(redis.call('HGET', KEYS[1], 'head:' .. ARGV[2]) or '0')
if not present then
  return redis.error_reply('DAMAGED the head of a log is not a version')
end
local newer = present - tonumber(ARGV[3])
if newer > 0 then
  redis.call('LTRIM', KEYS[2], -newer, -1)
else
  redis.call('DEL', KEYS[2])
end
return lone(server, followed, ARGV[1])
