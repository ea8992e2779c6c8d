-- Advances the head of a log, unless it is at this version or a newer one.
-- KEYS: heads, records. ARGV: an id for a new epoch; '1' to distrust a master without a replica; log; version; record;
-- how many records to keep.
-- Returns: 1 if the head advanced, else 0; and the process of a lone master (see `lone`).
local server, refusal, followed = this_server()
if refusal then
  return refusal
end
local heads, records, log, version = KEYS[1], KEYS[2], ARGV[3], tonumber(ARGV[4])
epoch_of(heads, server, ARGV[1], now(), true)
local held = redis.call('HMGET', heads, 'head:' .. log, 'expected:' .. log)
local present = tonumber(held[1] or '0')
if not present then
  return redis.error_reply('DAMAGED the head of a log is not a version')
end
if version <= present then
  return { 0, lone(server, followed, ARGV[2]) }
end
if present == 0 or version ~= present + 1 then
  redis.call('DEL', records) -- records must not have gaps
end
redis.call('HSET', heads, 'head:' .. log, ARGV[4])
redis.call('RPUSH', records, ARGV[5])
redis.call('LTRIM', records, -tonumber(ARGV[6]), -1)
if held[2] and version >= (tonumber(string.match(held[2], '^%d+') or '0')) then
  redis.call('HDEL', heads, 'expected:' .. log)
end
return { 1, lone(server, followed, ARGV[2]) }
