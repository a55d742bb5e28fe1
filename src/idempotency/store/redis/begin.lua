-- Begins work on a key: looks for a finished record, checks the fingerprint, takes the lease, counts the acquisition.
-- KEYS  1 record   2 lock   3 attempts
-- ARGV  1 owner token   2 lease (ms)   3 life of a record (s)   4 fingerprint, '' for none
--       5 when the request was made (epoch ms), '' for unknown
-- Attempts are one text: acquisitions, excused ones, the first one (epoch ms), fingerprint; the last two may be empty.
-- Replies
--   {'completed', record}                              a finished record, as it was stored
--   {'mismatch'}                                       the key is bound to another fingerprint
--   {'busy', remaining lease (ms)}                     somebody else holds the lease
--   {'outside-window'}                                 made longer ago than a record lives, and nothing is known of it
--   {'acquired', acquisitions, counted ones, time since the first (ms)}
--   error UNREADABLE                                   the attempts are not what these scripts write
local record = redis.call('GET', KEYS[1])
if record then
  return { 'completed', record }
end

local known = redis.call('GET', KEYS[3])
local count, excused, first_at, fingerprint = string.match(known or '0 0  ', '^(%d+) (%d+) (%d*) (.*)$')
if not count then
  return redis.error_reply('UNREADABLE attempts')
end
if ARGV[4] ~= '' and fingerprint ~= '' and fingerprint ~= ARGV[4] then
  return { 'mismatch' }
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[5] ~= '' and not known and now - tonumber(ARGV[5]) > ARGV[3] * 1000 then
  return { 'outside-window' }
end

if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return { 'busy', redis.call('PTTL', KEYS[2]) }
end

count = count + 1
first_at = tonumber(first_at) or now
if ARGV[4] ~= '' then
  fingerprint = ARGV[4]
end
local attempts = string.format('%d %d %d %s', count, excused, first_at, fingerprint)
-- Never shorter than the lease, or the next owner's fencing token would begin again.
redis.call('SET', KEYS[3], attempts, 'PX', math.max(ARGV[3] * 1000, ARGV[2]))
return { 'acquired', count, count - excused, math.max(0, now - first_at) }
