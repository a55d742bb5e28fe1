-- Renews a lease from now, if the caller still owns it; the attempts live at least as long.
-- KEYS  1 lock   2 attempts
-- ARGV  1 owner token   2 lease (ms)
-- Replies
--   'extended'
--   'lost'                                             the lease ran out, or another owner has it
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 'lost'
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2], 'GT')
return 'extended'
