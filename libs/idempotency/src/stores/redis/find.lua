-- Reads what is stored under a key, in one atomic step.
-- KEYS  1 record   2 lock   3 attempts (see begin.lua)
-- Replies
--   {record or nil, remaining lease (ms), claims, uncounted ones, forgiven ones}    remaining lease is -2 if it is not in progress
local record = redis.call('GET', KEYS[1])
local count, uncounted, forgiven, state =
  string.match(redis.call('GET', KEYS[3]) or '', '^(%d+) (%d+) (%d+) %d* %d* (%a)')
-- A finished key whose record has expired counts as unknown, because it may be used again.
if not record and state == 'f' then
  count, uncounted, forgiven = 0, 0, 0
end
local remaining = redis.call('PTTL', KEYS[2])
return { record, remaining, tonumber(count) or 0, tonumber(uncounted) or 0, tonumber(forgiven) or 0 }
