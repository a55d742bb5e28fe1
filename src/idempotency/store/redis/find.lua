-- Reads what is known of a key, at one moment.
-- KEYS  1 record   2 lock   3 attempts (see begin.lua)
-- Replies
--   {record or nil, remaining lease (ms), acquisitions, excused ones}    remaining lease is -2 when nobody holds it
local count, excused = string.match(redis.call('GET', KEYS[3]) or '', '^(%d+) (%d+)')
return {
  redis.call('GET', KEYS[1]),
  redis.call('PTTL', KEYS[2]),
  tonumber(count) or 0,
  tonumber(excused) or 0,
}
