-- Renews locks, except those that another token has taken.
-- KEYS: locks. ARGV: how long each lasts from now (ms), then the token of each.
for i, lock in ipairs(KEYS) do
  if redis.call('GET', lock) == ARGV[i + 1] then
    redis.call('PEXPIRE', lock, ARGV[1])
  end
end
return 1
