-- Begins work on a key: looks for a finished record, checks the fingerprint, takes the lease, counts the acquisition.
-- KEYS  1 record   2 lock   3 attempts
-- ARGV  1 owner token   2 lease (ms)   3 life of a record (s)   4 fingerprint, '' for none
--       5 when the request was made (epoch ms), '' for unknown
-- Replies
--   {'completed', record}                              a finished record, as it was stored
--   {'mismatch'}                                       the key is bound to another fingerprint
--   {'busy', remaining lease (ms)}                     somebody else holds the lease
--   {'outside-window'}                                 made longer ago than a record lives, and nothing is known of it
--   {'acquired', acquisitions, excused, first acquisition (epoch ms), now (epoch ms)}
local record = redis.call('GET', KEYS[1])
if record then
  return { 'completed', record }
end

local known = redis.call('HMGET', KEYS[3], 'count', 'excused', 'firstAt', 'fingerprint')
if ARGV[4] ~= '' and known[4] and known[4] ~= ARGV[4] then
  return { 'mismatch' }
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[5] ~= '' and not known[1] and now - tonumber(ARGV[5]) > ARGV[3] * 1000 then
  return { 'outside-window' }
end

if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return { 'busy', redis.call('PTTL', KEYS[2]) }
end

local count = (tonumber(known[1]) or 0) + 1
local firstAt = tonumber(known[3]) or now
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[3], 'count', count, 'firstAt', firstAt, 'fingerprint', ARGV[4])
else
  redis.call('HSET', KEYS[3], 'count', count, 'firstAt', firstAt)
end
-- Never shorter than the lease, or the next owner's fencing token would begin again.
redis.call('PEXPIRE', KEYS[3], math.max(ARGV[3] * 1000, ARGV[2]))
return { 'acquired', count, tonumber(known[2]) or 0, firstAt, now }
