-- Frees a key without a record, if the caller still owns the lease.
-- KEYS  1 lock   2 attempts
-- ARGV  1 owner token   2 '1' when the acquisition is excused, as if it had not happened, else '0'
-- Replies
--   'released'
--   'lost'                                             the lease ran out, or is somebody else's
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 'lost'
end
redis.call('DEL', KEYS[1])
if ARGV[2] == '1' then
  local excused = redis.call('HINCRBY', KEYS[2], 'excused', 1)
  if excused == tonumber(redis.call('HGET', KEYS[2], 'count')) then
    redis.call('HDEL', KEYS[2], 'fingerprint', 'firstAt')
  end
end
return 'released'
