#!lua flags=allow-oom
-- Renews leases from now, of callers who still own them; the claims live at least as long.
-- May write when Redis is at its memory limit: an owner whose lease runs out cannot store its record any more.
-- KEYS  the lock of each call
-- ARGV  for all calls: 1 lease (ms)   then for each call: 1 owner
-- Replies, for each call
--   'extended'
--   'lost'                                             the lease ran out, or another owner has it
local now = clock()
return each(#KEYS, function(call)
  local lock, owner = KEYS[call], ARGV[1 + call]
  local rest = rest_of(redis.call('GET', lock), owner, now)
  if not rest then
    return 'lost'
  end
  redis.call('SET', lock, string.format('%s %d %s', owner, now + ARGV[1], rest), 'KEEPTTL')
  redis.call('PEXPIRE', lock, ARGV[1], 'GT')
  return 'extended'
end)
