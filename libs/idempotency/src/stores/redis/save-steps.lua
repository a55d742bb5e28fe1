#!lua flags=allow-oom
-- Stores the results of the work's steps in the claims of callers who still own the leases, in place of those saved before.
-- May write when Redis is at its memory limit: the effect of a step has happened, and losing its result would be worse.
-- KEYS  the lock of each call
-- ARGV  for each call: 1 owner   2 steps
-- Replies, for each call
--   'saved'
--   'lost'                                             the lease ran out, or another owner has it
local now = clock()
return each(#KEYS, function(call)
  local lock, owner, steps = KEYS[call], ARGV[2 * call - 1], ARGV[2 * call]
  local claim = redis.call('GET', lock)
  if not rest_of(claim, owner, now) then
    return 'lost'
  end
  redis.call('SET', lock, string.match(claim, '^[^\n]*') .. '\n' .. steps, 'KEEPTTL')
  return 'saved'
end)
