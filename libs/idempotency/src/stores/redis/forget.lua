-- Removes what is stored under a key. While the key is in progress, only an earlier record is removed: the claim stays, so
-- that no second owner starts, and fencing tokens keep growing.
-- KEYS  1 record   2 lock
-- Replies
--   'forgotten'
local claim = redis.call('GET', KEYS[2])
redis.call('DEL', KEYS[1])
if claim then
  local holder, holder_until = string.match(claim, CLAIM)
  local is_held = not holder or holder ~= '-' and holder ~= '=' and tonumber(holder_until) >= clock()
  if not is_held then
    redis.call('DEL', KEYS[2])
  end
end
return 'forgotten'
