-- Removes logs and begins another epoch.
-- KEYS: heads, then the records of each log. ARGV: an id for the new epoch, then the logs.
local server, refusal = this_server()
if refusal then
  return refusal
end
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then
  redis.call('DEL', KEYS[1])
end
for i = 2, #KEYS do
  redis.call('HDEL', KEYS[1], 'head:' .. ARGV[i], 'expected:' .. ARGV[i])
  redis.call('DEL', KEYS[i])
end
redis.call('HSET', KEYS[1], 'server', server, 'epoch', ARGV[1], 'since', now())
return 1
