-- Releases the lock, or leaves the queue, and wakes the next waiting token. KEYS: lock, queue, seen. ARGV: token.
local lock, queue, seen, token = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
redis.call('ZREM', queue, token)
redis.call('HDEL', seen, token)
if redis.call('GET', lock) == token then
  redis.call('DEL', lock)
end
local first = redis.call('ZRANGE', queue, 0, 0)[1]
if first and redis.call('EXISTS', lock) == 0 then
  local turn = lock .. ':turn:' .. first
  redis.call('RPUSH', turn, 1)
  redis.call('PEXPIRE', turn, 5000)
end
return 1
