-- Whether the version was newer than the head. KEYS: heads, records. ARGV: an id for a new epoch, log, version, record,
-- how many records are kept.
local server, refusal = this_server()
if refusal then
  return refusal
end
local heads, records, log, version = KEYS[1], KEYS[2], ARGV[2], tonumber(ARGV[3])
epoch_of(heads, server, ARGV[1], now(), true)
local held = redis.call('HMGET', heads, 'head:' .. log, 'expected:' .. log)
local present = tonumber(held[1] or '0')
if not present then
  return redis.error_reply('DAMAGED the head of a log is no version')
end
if version <= present then
  return 0
end
if present == 0 or version ~= present + 1 then
  redis.call('DEL', records) -- they never have gaps
end
redis.call('HSET', heads, 'head:' .. log, ARGV[3])
redis.call('RPUSH', records, ARGV[4])
redis.call('LTRIM', records, -tonumber(ARGV[5]), -1)
if held[2] and version >= (tonumber(string.match(held[2], '^%d+') or '0')) then
  redis.call('HDEL', heads, 'expected:' .. log)
end
return 1
