-- Takes the lock, or joins the queue for it.
-- KEYS: lock, queue, seen. ARGV: token; how long the lock lasts (ms); '1' to wait in the queue; how long a waiting token
-- may be silent before it is removed from the queue (ms).
-- Returns: 1 if the token has the lock, else 0; and for how many milliseconds at most another token still has it.
local lock, queue, seen, token = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local at = now()
local function leave(waiting)
  redis.call('ZREM', queue, waiting)
  redis.call('HDEL', seen, waiting)
end
if redis.call('GET', lock) == token then
  return { 1, 0 } -- this call repeats one whose reply was lost
end
local first = redis.call('ZRANGE', queue, 0, 0)[1]
while first and first ~= token and at - tonumber(redis.call('HGET', seen, first) or '0') > tonumber(ARGV[4]) do
  leave(first)
  first = redis.call('ZRANGE', queue, 0, 0)[1]
end
local left = redis.call('PTTL', lock)
if left == -2 and (not first or first == token) then
  leave(token)
  redis.call('SET', lock, token, 'PX', ARGV[2])
  return { 1, 0 }
end
if ARGV[3] == '1' then
  if not redis.call('ZSCORE', queue, token) then
    local last = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')[2]
    redis.call('ZADD', queue, (last or 0) + 1, token)
  end
  redis.call('HSET', seen, token, at)
  redis.call('PEXPIRE', queue, 60000)
  redis.call('PEXPIRE', seen, 60000)
end
return { 0, math.max(left, 0) }
