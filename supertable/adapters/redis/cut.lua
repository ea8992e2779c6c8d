-- Returns for each log: its epoch, 1 if a commit is pending, its version (0: no head), and its newest records after the
-- known version.
-- KEYS: heads and records of each log. ARGV: how long a commit is expected (ms); an id for a new epoch; '1' to distrust
-- a master without a replica; then log and known version of each.
local server, refusal, followed = this_server()
if refusal then
  return refusal
end
local remembered, fresh, doubt = tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1' and not followed
local at = now()
local places, reply = {}, {}
for i = 1, #KEYS / 2 do
  local heads, records = KEYS[2 * i - 1], KEYS[2 * i]
  local log, known = ARGV[2 * i + 2], tonumber(ARGV[2 * i + 3])
  local place = places[heads]
  if not place then
    local epoch, since = epoch_of(heads, server, fresh, at, false)
    place = { epoch, doubt or at - since < remembered }
    places[heads] = place
  end
  local epoch, pending = place[1], place[2]
  local held = redis.call('HMGET', heads, 'head:' .. log, 'expected:' .. log)
  local version = tonumber(held[1] or '0')
  local expected, since = string.match(held[2] or '0@0', '^(%d+)@(%d+)$')
  if not version or not expected then
    return redis.error_reply('DAMAGED the head of a log is not a version')
  end
  if tonumber(expected) > version then
    if at - since < remembered then
      pending = true
    else
      epoch = epoch .. '@' .. since
    end
  end
  local entry = { epoch, pending and 1 or 0, version }
  if version > known then
    for _, record in ipairs(redis.call('LRANGE', records, known - version, -1)) do
      entry[#entry + 1] = record
    end
  end
  reply[i] = entry
end
return reply
