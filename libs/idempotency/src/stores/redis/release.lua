-- Frees a key without a record, if the caller still owns the lease.
-- KEYS  1 lock   2 attempts (see begin.lua)
-- ARGV  1 owner token   2 'counted', 'uncounted' (as if the claim had not happened) or 'unfinished' (as if the owner had died)
--       3 wait before the next attempt may begin (ms), '' for none
-- Replies
--   'released'
--   'lost'                                             the lease ran out, or another owner has it
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 'lost'
end
redis.call('DEL', KEYS[1])
local count, uncounted, forgiven, first_and_doubt, fingerprint =
  string.match(redis.call('GET', KEYS[2]) or '', '^(%d+) (%d+) (%d+) (%d* %d*) %a%d* (.*)$')
if not count then
  return 'released'
end
if ARGV[2] == 'uncounted' then
  uncounted = uncounted + 1
  -- If no attempt counts, the key is free for any payload again.
  if uncounted == tonumber(count) then
    forgiven, first_and_doubt, fingerprint = 0, ' ', ''
  end
end
local state, due = ARGV[2] == 'unfinished' and 'w' or 'r', ''
if ARGV[3] ~= '' then
  local time = redis.call('TIME')
  due = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
end
local attempts = string.format('%d %d %d %s %s%s %s', count, uncounted, forgiven, first_and_doubt, state, due, fingerprint)
redis.call('SET', KEYS[2], attempts, 'KEEPTTL')
if due ~= '' then
  -- The attempts are not forgotten during the wait.
  redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[2]) + ARGV[3], 'GT')
end
return 'released'
