-- Comes before every other script here.

-- Microseconds, and milliseconds, since 1970 by this server's clock.
local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function now()
  return math.floor(now_us() / 1000)
end

-- What changes when a server may have forgotten something: its process, and its line of replication. Nothing, and why,
-- when it is no master. Besides: whether a replica has kept up with it in the last two seconds.
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

-- The process of a master that no replica follows, where such a one is doubted; else nothing.
local function lone(server, followed, doubt)
  return doubt == '1' and not followed and string.match(server, '^%w+') or ''
end

-- The epoch of a hash and since when it lasts. It ends when the hash is lost, and when another server has the hash.
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
