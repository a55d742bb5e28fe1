-- Renews a lease, if the caller still owns it.
-- KEYS  1 lock
-- ARGV  1 owner token   2 lease (ms)
-- Replies
--   'extended'
--   'lost'                                             the lease ran out, or is somebody else's
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 'lost'
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'extended'
