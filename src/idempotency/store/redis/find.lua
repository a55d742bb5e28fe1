-- Reads what is known of a key, at one moment.
-- KEYS  1 record   2 lock   3 attempts
-- Replies
--   {record or nil, remaining lease (ms), acquisitions or nil}     remaining lease is -2 when nobody holds it
return {
  redis.call('GET', KEYS[1]),
  redis.call('PTTL', KEYS[2]),
  redis.call('HGET', KEYS[3], 'count'),
}
