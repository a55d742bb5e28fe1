-- Reads what is known of a key, at one moment.
-- KEYS  1 record   2 lock   3 attempts (see begin.lua)
-- Replies
--   {record or nil, remaining lease (ms), acquisitions}            remaining lease is -2 when nobody holds it
local attempts = redis.call('GET', KEYS[3])
return {
  redis.call('GET', KEYS[1]),
  redis.call('PTTL', KEYS[2]),
  attempts and tonumber(string.match(attempts, '^%d+')) or 0,
}
