-- A process says what it reads. KEYS: readers. ARGV: an id for a new epoch, process, for how long that holds (ms), when it
-- was so (microseconds by this server's clock), what is read; nothing: the process reads no more.
local server, refusal = this_server()
if refusal then
  return refusal
end
local at = now()
epoch_of(KEYS[1], server, ARGV[1], at, true)
if ARGV[5] == '' then
  redis.call('HDEL', KEYS[1], 'process:' .. ARGV[2])
else
  redis.call('HSET', KEYS[1], 'process:' .. ARGV[2], string.format('%.0f %s %s', at + ARGV[3], ARGV[4], ARGV[5]))
end
return 1
