-- Precedes every other script in this folder.

-- Microseconds since 1970 by this server's clock; `now` has milliseconds.
local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function now()
  return math.floor(now_us() / 1000)
end

-- Returns an id of the server's process and replication history, which changes whenever the server may have lost data,
-- or nil; an error reply if the server is not a master; and whether a replica has followed it in the last two seconds.
local function this_server()
  local replication = redis.call('INFO', 'replication')
  if not string.find(replication, 'role:master', 1, true) then
    return nil, redis.error_reply('READONLY this server is a replica')
  end
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local followed = false
  for lag in string.gmatch(replication, 'state=online,[^\r\n]-lag=(%d+)') do
    followed = followed or tonumber(lag) <= 2
  end
  return run .. ':' .. string.match(replication, 'master_replid:(%w+)'), nil, followed
end

-- Returns the process of a master that no replica follows, if `doubt` is '1'; else ''.
local function lone(server, followed, doubt)
  return doubt == '1' and not followed and string.match(server, '^%w+') or ''
end

-- Returns the epoch of a hash and its start (ms). An epoch ends when the hash is lost or is on another server. If it has
-- ended, the next one is `fresh`; but '' where the hash does not exist and `create` is false.
local function epoch_of(key, server, fresh, at, create)
  local held = redis.call('HMGET', key, 'server', 'epoch', 'since')
  if held[1] == server and held[2] and tonumber(held[3]) then
    return held[2], tonumber(held[3])
  end
  if not create and redis.call('EXISTS', key) == 0 then
    return '', at
  end
  redis.call('HSET', key, 'server', server, 'epoch', fresh, 'since', at)
  return fresh, at
end
