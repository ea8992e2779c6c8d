-- Whether the version was newer than the head, and the process of a lone master: see `lone`. KEYS: heads, records.
-- ARGV: an id for a new epoch, whether a master without a replica is doubted, log, version, record, how many are kept.
local server, refusal, followed = this_server()
if refusal then
  return refusal
end
local heads, records, log, version = KEYS[1], KEYS[2], ARGV[3], tonumber(ARGV[4])
epoch_of(heads, server, ARGV[1], now(), true)
local held = redis.call('HMGET', heads, 'head:' .. log, 'expected:' .. log)
local present = tonumber(held[1] or '0')
if not present then
  return redis.error_reply('DAMAGED the head of a log is no version')
end
if version <= present then
  return { 0, lone(server, followed, ARGV[2]) }
end
if present == 0 or version ~= present + 1 then
  redis.call('DEL', records) -- they never have gaps
end
redis.call('HSET', heads, 'head:' .. log, ARGV[4])
redis.call('RPUSH', records, ARGV[5])
redis.call('LTRIM', records, -tonumber(ARGV[6]), -1)
if held[2] and version >= (tonumber(string.match(held[2], '^%d+') or '0')) then
  redis.call('HDEL', heads, 'expected:' .. log)
end
return { 1, lone(server, followed, ARGV[2]) }
