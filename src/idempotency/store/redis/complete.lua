#!lua flags=allow-oom
-- Stores the record of finished work and frees the key, if the caller still owns the lease.
-- May write when Redis is at its memory limit: the effect has happened, forgetting it is the greater harm.
-- KEYS  1 record   2 lock   3 attempts
-- ARGV  1 owner token   2 record   3 life of the record (s)
-- Replies
--   {'stored'}
--   {'lost', record or nil}                            the lease is not the caller's any more; what stands there instead
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return { 'lost', redis.call('GET', KEYS[1]) }
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('DEL', KEYS[2])
redis.call('EXPIRE', KEYS[3], ARGV[3])
return { 'stored' }
