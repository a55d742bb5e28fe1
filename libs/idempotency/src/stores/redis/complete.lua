#!lua flags=allow-oom
-- Stores the records of finished work and frees the keys, of which the callers still own the leases.
-- May write when Redis is at its memory limit: the effect has happened, and losing its record would be worse.
-- KEYS  the record of each call, then the lock of each call
-- ARGV  for all calls: 1 life of a record (s)   2 how long to remember that the key was finished (ms), '' for no longer than that
--       then for each call: 1 owner   2 record
-- Replies, for each call
--   1                                                  stored
--   record or nil                                      lost: the lease is not the caller's any more; the record that is stored
--   error WRONGTYPE                                    a value that is not a text has the name of the record
local calls = #KEYS / 2
local life, remembered = ARGV[1], ARGV[2]
local now = clock()
local claims = redis.call('MGET', unpack(KEYS, calls + 1))
local freed = {}

local replies = each(calls, function(call)
  local lock = KEYS[calls + call]
  local rest = rest_of(claims[call], ARGV[1 + 2 * call], now)
  -- Never over another value: it is not of this owner, who found none.
  if not rest or not redis.call('SET', KEYS[call], ARGV[2 + 2 * call], 'NX', 'EX', life) then
    return redis.call('GET', KEYS[call])
  end
  if remembered == '' then
    freed[#freed + 1] = lock
  else
    redis.call('SET', lock, string.format('= %d %s', now, string.match(rest, '^[^\n]*')), 'PX', remembered)
  end
  return 1
end)
if #freed > 0 then
  redis.call('DEL', unpack(freed))
end
return replies
