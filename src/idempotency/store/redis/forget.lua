-- Forgets what is known of a key. While somebody holds the lease only an earlier record goes: the lease stays, so that
-- no second owner starts, and so do the attempts, so that fencing tokens keep growing.
-- KEYS  1 record   2 lock   3 attempts
-- Replies
--   'forgotten'
redis.call('DEL', KEYS[1])
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[3])
end
return 'forgotten'
