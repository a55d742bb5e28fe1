-- Before every other script of this folder: what a claim is, and who holds it.
-- The claim of a key is one text under the name of its lock: owner, end of the lease (epoch ms), number of claims, of uncounted
-- ones, of forgiven ones (counted, but not against the limit), time of the first one (epoch ms), since when an earlier one may
-- have been forgotten (epoch ms), fingerprint. Each of the last three may be empty. Then, if the work has steps that are done, a
-- line feed and their results: here they live as long as the claim, whatever prolongs it.
-- Instead of an owner, and of the end of a lease:
--   -  released, with the time before which no other attempt may begin, 0 for at once
--   =  finished, with the time
-- Any other text is the lock of a program that is not ours: the key is in progress for as long as it lives.
local CLAIM = '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d*) (%d*) ([^\n]*)(.*)$'

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- What follows the end of the lease in a claim, if the owner still holds it.
local function rest_of(claim, owner, now)
  if not claim or string.find(claim, owner, 1, true) ~= 1 then
    return nil
  end
  local lease_end, rest = string.match(claim, '^ (%d+) (.*)$', #owner + 1)
  return lease_end and tonumber(lease_end) >= now and rest or nil
end

-- Takes a step for each call; its reply, or the error of a call that failed, which does not stop the others.
local function each(calls, step)
  local replies = {}
  for call = 1, calls do
    local ok, reply = pcall(step, call)
    if not ok then
      if type(reply) ~= 'table' then
        reply = { err = reply }
      end
      -- A replica: nothing was written for any call, and the client must see the error to look for the master.
      if string.sub(reply.err, 1, 8) == 'READONLY' then
        return reply
      end
    end
    replies[call] = reply
  end
  return replies
end
