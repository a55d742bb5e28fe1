-- Frees a key without a record, if the caller still owns the lease.
-- KEYS  1 lock   2 attempts (see begin.lua)
-- ARGV  1 owner token   2 '1' when the acquisition is excused, as if it had not happened, else '0'
-- Replies
--   'released'
--   'lost'                                             the lease ran out, or is somebody else's
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 'lost'
end
redis.call('DEL', KEYS[1])
local known = ARGV[2] == '1' and redis.call('GET', KEYS[2]) or ''
local count, excused, of_the_first = string.match(known, '^(%d+) (%d+) (.*)$')
if count then
  excused = excused + 1
  -- Where nothing counts, the key is free for any payload again.
  if excused == tonumber(count) then
    of_the_first = ' '
  end
  redis.call('SET', KEYS[2], string.format('%d %d %s', count, excused, of_the_first), 'KEEPTTL')
end
return 'released'
