-- Reads what is stored under a key, in one atomic step.
-- KEYS  1 record   2 lock
-- Replies
--   {record or nil, remaining lease (ms), claims, uncounted ones, forgiven ones}    remaining lease is -2 if it is not in progress
local record, claim, now = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]), clock()
if not claim then
  return { record, -2, 0, 0, 0 }
end
local holder, holder_until, count, uncounted, forgiven = string.match(claim, CLAIM)
if not holder then
  return { record, redis.call('PTTL', KEYS[2]), 0, 0, 0 }
end
-- A finished key whose record has expired counts as unknown, because it may be used again.
if holder == '=' then
  return { record, -2, 0, 0, 0 }
end
local remaining = holder ~= '-' and holder_until - now or -2
return { record, remaining < 0 and -2 or remaining, tonumber(count), tonumber(uncounted), tonumber(forgiven) }
