#!lua flags=allow-oom
-- Stores other records in place of those that were read, if they are still there. They live for as long as these would have.
-- May write when Redis is at its memory limit: the outcome has happened, and losing it would be worse.
-- KEYS  the record of each call
-- ARGV  for each call: 1 record that was read   2 record
-- Replies, for each call
--   'replaced'
--   'changed'                                          another record is stored, or none
--   error WRONGTYPE                                    a value that is not a text has the name of the record
return each(#KEYS, function(call)
  if redis.call('GET', KEYS[call]) ~= ARGV[2 * call - 1] then
    return 'changed'
  end
  redis.call('SET', KEYS[call], ARGV[2 * call], 'KEEPTTL')
  return 'replaced'
end)
