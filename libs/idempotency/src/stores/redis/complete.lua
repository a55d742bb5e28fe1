#!lua flags=allow-oom
-- Stores the record of finished work and frees the key, if the caller still owns the lease.
-- May write when Redis is at its memory limit: the effect has happened, and losing its record would be worse.
-- KEYS  1 record   2 lock   3 attempts (see begin.lua)
-- ARGV  1 owner token   2 record   3 life of the record (s)   4 how long to remember that the key was finished (ms)
-- Replies
--   {'stored'}
--   {'lost', record or nil}                            the lease is not the caller's any more; the record that is stored
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return { 'lost', redis.call('GET', KEYS[1]) }
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('DEL', KEYS[2])
local before, after = string.match(redis.call('GET', KEYS[3]) or '', '^(%d+ %d+ %d+ %d* %d* )%a%d*( .*)$')
if before then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('SET', KEYS[3], string.format('%sf%d%s', before, now, after), 'PX', ARGV[4])
end
return { 'stored' }
