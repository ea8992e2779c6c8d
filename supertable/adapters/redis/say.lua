-- Stores the report of a process on what it reads.
-- KEYS: readers. ARGV: an id for a new epoch; process; for how long the report is valid (ms); when it was made
-- (microseconds, by this server's clock); the report, or '' to remove the process.
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
