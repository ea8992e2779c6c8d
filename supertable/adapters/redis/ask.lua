-- Returns the reports of all processes on what they read, without expired ones.
-- KEYS: readers. ARGV: an id for a new epoch; when new reports were requested (microseconds), or 0 to request them now.
-- Returns: when they were requested (microseconds); for how many milliseconds no report was lost; and for each process
-- when its report was made (microseconds) and the report.
local server, refusal = this_server()
if refusal then
  return refusal
end
local at, requested_at = now(), tonumber(ARGV[2])
local requests_now = requested_at == 0
if requests_now then
  requested_at = now_us()
end
local _, since = epoch_of(KEYS[1], server, ARGV[1], at, true)
local reply = { requested_at, at - since }
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local process = string.match(held[i], '^process:(.*)$')
  if process then
    local expires, made_at, report = string.match(held[i + 1], '^(%d+) (%d+) (.*)$')
    if not expires or tonumber(expires) < at then
      redis.call('HDEL', KEYS[1], held[i])
    else
      reply[#reply + 1] = { tonumber(made_at), report }
      if requests_now then
        redis.call('RPUSH', KEYS[1] .. ':asked:' .. process, 1)
        redis.call('PEXPIRE', KEYS[1] .. ':asked:' .. process, 5000)
      end
    end
  end
end
return reply
