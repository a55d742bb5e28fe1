#!lua flags=allow-oom
-- Frees keys without a record, of which the callers still own the leases.
-- May write when Redis is at its memory limit: the claim is there, and does not grow.
-- KEYS  the lock of each call
-- ARGV  for each call: 1 owner   2 'counted', 'uncounted' (as if the claim had not happened) or 'unfinished' (as if the owner
--       had died)   3 wait before the next attempt may begin (ms), 0 for none
-- Replies, for each call
--   'released'
--   'lost'                                             the lease ran out, or another owner has it
local now = clock()
return each(#KEYS, function(call)
  local lock = KEYS[call]
  local owner, counting, wait = ARGV[3 * call - 2], ARGV[3 * call - 1], tonumber(ARGV[3 * call])
  local rest = rest_of(redis.call('GET', lock), owner, now)
  if not rest then
    return 'lost'
  end
  local count, uncounted, forgiven, first_and_doubt, fingerprint_and_steps =
    string.match(rest, '^(%d+) (%d+) (%d+) (%d* %d*) (.*)$')
  if counting == 'uncounted' then
    uncounted = uncounted + 1
    -- If no attempt counts, the key is free for any payload again, and its steps are gone.
    if uncounted == tonumber(count) then
      forgiven, first_and_doubt, fingerprint_and_steps = 0, ' ', ''
    end
  end
  local holder, holder_until = '-', wait > 0 and now + wait or 0
  if counting == 'unfinished' then
    holder, holder_until = owner, 0
  end
  local format = '%s %d %d %d %d %s %s'
  local claim =
    string.format(format, holder, holder_until, count, uncounted, forgiven, first_and_doubt, fingerprint_and_steps)
  redis.call('SET', lock, claim, 'KEEPTTL')
  if wait > 0 then
    -- The claim is not forgotten during the wait.
    redis.call('PEXPIRE', lock, redis.call('PTTL', lock) + wait, 'GT')
  end
  return 'released'
end)
