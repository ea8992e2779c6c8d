-- KEYS: locks. ARGV: how long each lasts from now (ms), then its token. One that is another's by now stays so.
for i, lock in ipairs(KEYS) do
  if redis.call('GET', lock) == ARGV[i + 1] then
    redis.call('PEXPIRE', lock, ARGV[1])
  end
end
return 1
