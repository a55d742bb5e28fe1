-- Reads the results of the work's steps, for callers who still own the leases.
-- KEYS  the lock of each call
-- ARGV  for each call: 1 owner
-- Replies, for each call
--   {'loaded', steps}                                  '' if there are none
--   {'lost'}                                           the lease ran out, or another owner has it
local now = clock()
return each(#KEYS, function(call)
  local rest = rest_of(redis.call('GET', KEYS[call]), ARGV[call], now)
  if not rest then
    return { 'lost' }
  end
  return { 'loaded', string.match(rest, '\n(.*)$') or '' }
end)
