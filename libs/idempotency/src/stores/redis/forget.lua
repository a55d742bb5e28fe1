-- Removes what is stored under a key. While the key is in progress, only an earlier record is removed: the lease stays, so
-- that no second owner starts, and the attempts stay, so that fencing tokens keep growing.
-- KEYS  1 record   2 lock   3 attempts
-- Replies
--   'forgotten'
redis.call('DEL', KEYS[1])
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[3])
end
return 'forgotten'
