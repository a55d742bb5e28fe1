// Written by `node libs/idempotency/scripts/embed-lua.js` from the .lua files of this folder. Do not edit.
export const scripts = {
  begin: `-- Claims keys, one after the other: looks for a record, checks fingerprint, age and attempts, takes the lease, counts the claim.
-- KEYS  the record of each call, then the lock of each call
-- ARGV  for all calls: 1 lease (ms)   2 life of a claim (ms)   3 the greatest age at which the key of a request is still known (ms)
--       4 how far the clock of its sender may be off (ms), '': timestamps in the future are not checked
--       5 limit of counted attempts, '' for none
--       then for each call: 1 owner   2 fingerprint, '' for none   3 '', or three numbers with a space between them: when the
--       request was made (epoch ms), nothing for unknown; since when it has waited on our side (epoch ms), nothing for not;
--       how many of the counted claims are forgiven, for all requests from now on, of which more than all claims are ignored
-- Replies, for each call
--   record                                             a finished record, as it was stored
--   1                                                  acquired, as the first claim of the key
--   {'acquired', claims, counted ones, time since the first (ms), time since one that may be forgotten (ms) or -1,
--    forgiven ones}
--   {'idempotency-key-reused'}                         the key is bound to another fingerprint
--   {'in-progress', remaining (ms)}                    another owner holds the lease
--   {'not-due', remaining (ms)}                        not in progress, but the next attempt is not due yet
--   {'retries-exhausted', counted claims}              all attempts are used up, and the last one was released
--   {'outside-deduplication-window'}                   it may have been processed and forgotten
--   {'from-the-future', by how much (ms)}              made later than now, by more than the clock may be off
--   error WRONGTYPE                                    a value that is not a text has the name of the record or lock
local calls = #KEYS / 2
local lease, life, oldest = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local tolerance, limit = tonumber(ARGV[4]), tonumber(ARGV[5])
local now = clock()
local lease_end = string.format('%d', now + lease)
local first_claim = string.format(' %s 1 0 0 %d  ', lease_end, now)

local records = redis.call('MGET', unpack(KEYS, 1, calls))
local claims = redis.call('MGET', unpack(KEYS, calls + 1))
-- MGET replies to a value of another type as if there were none.
local found = 0
for call = 1, calls do
  if records[call] then
    found = found + 1
  end
end
local are_texts = found == calls or redis.call('EXISTS', unpack(KEYS, 1, calls)) == found
-- Claims written here, for the case that the same key comes again.
local written = {}

return each(calls, function(call)
  local record = records[call] or not are_texts and redis.call('GET', KEYS[call])
  if record then
    return record
  end
  local lock, place = KEYS[calls + call], 2 + 3 * call
  local owner, fingerprint, history = ARGV[place + 1], ARGV[place + 2], ARGV[place + 3]
  local made_at, waiting_since, asked = nil, nil, 0
  if history ~= '' then
    made_at, waiting_since, asked = string.match(history, '^(%S*) (%S*) (%S+)$')
    made_at, waiting_since, asked = tonumber(made_at), tonumber(waiting_since), tonumber(asked) or 0
  end
  local claim = written[lock] or claims[call]
  local holder, holder_until, count, uncounted, forgiven, first_at, doubt_at, bound, steps = '-', 0, 0, 0, 0, '', '', '', ''
  if claim then
    holder, holder_until, count, uncounted, forgiven, first_at, doubt_at, bound, steps = string.match(claim, CLAIM)
    if not holder then
      return { 'in-progress', redis.call('PTTL', lock) }
    end
    holder_until = tonumber(holder_until)
  end

  local is_forgotten = false
  if holder == '=' and now - holder_until >= oldest then
    -- The record has expired. A request that may be older than the end of the work may be a duplicate of it.
    is_forgotten = made_at and made_at - (tolerance or 0) <= holder_until
    uncounted, forgiven, first_at, doubt_at, bound = count, 0, '', '', ''
  end
  if fingerprint ~= '' and bound ~= '' and bound ~= fingerprint then
    return { 'idempotency-key-reused' }
  end
  if made_at and tolerance and made_at > now + tolerance then
    return { 'from-the-future', made_at - now }
  end

  local counted = count - uncounted
  if asked <= tonumber(count) and math.min(asked, counted) > tonumber(forgiven) then
    forgiven = math.min(asked, counted)
    -- Stored whatever the reply is: other requests of the key come while this one waits.
    local format = '%s %d %d %d %d %s %s %s%s'
    local kept = string.format(format, holder, holder_until, count, uncounted, forgiven, first_at, doubt_at, bound, steps)
    redis.call('SET', lock, kept, 'KEEPTTL')
    written[lock] = kept
  end

  if holder == '-' then
    if now < holder_until then
      return { 'not-due', holder_until - now }
    end
    if limit and counted - forgiven >= limit then
      return { 'retries-exhausted', counted }
    end
  elseif holder ~= '=' and holder_until >= now then
    return { 'in-progress', holder_until - now }
  end

  -- A key with a counted attempt was not forgotten, so the age does not count.
  if made_at and first_at == '' and (is_forgotten or now - made_at > oldest) then
    if not waiting_since or math.min(now, waiting_since) - made_at > oldest then
      return { 'outside-deduplication-window' }
    end
    doubt_at = string.format('%d', math.max(0, made_at - (tolerance or 0)))
  end

  local is_first = not claim and doubt_at == ''
  count, first_at = count + 1, tonumber(first_at) or now
  local next_claim
  if is_first then
    -- The same text as below, made faster.
    next_claim = owner .. first_claim .. fingerprint
  else
    local format = '%s %s %d %d %d %d %s %s%s'
    bound = fingerprint ~= '' and fingerprint or bound
    next_claim = string.format(format, owner, lease_end, count, uncounted, forgiven, first_at, doubt_at, bound, steps)
  end
  if not redis.call('SET', lock, next_claim, claim and 'XX' or 'NX', 'PX', life) then
    -- MGET did not show it: a value of another type, so this fails.
    return redis.call('GET', lock)
  end
  written[lock] = next_claim
  if is_first then
    return 1
  end
  local since_first = math.max(0, now - first_at)
  local since_doubt = doubt_at ~= '' and math.max(0, now - doubt_at) or -1
  return { 'acquired', count, count - uncounted, since_first, since_doubt, tonumber(forgiven) }
end)
`,
  claim: `-- Before every other script of this folder: what a claim is, and who holds it.
-- The claim of a key is one text under the name of its lock: owner, end of the lease (epoch ms), number of claims, of uncounted
-- ones, of forgiven ones (counted, but not against the limit), time of the first one (epoch ms), since when an earlier one may
-- have been forgotten (epoch ms), fingerprint. Each of the last three may be empty. Then, if the work has steps that are done, a
-- line feed and their results: here they live as long as the claim, whatever prolongs it.
-- Instead of an owner, and of the end of a lease:
--   -  released, with the time before which no other attempt may begin, 0 for at once
--   =  finished, with the time
-- Any other text is the lock of a program that is not ours: the key is in progress for as long as it lives.
local CLAIM = '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d*) (%d*) ([^\\n]*)(.*)$'

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- What follows the end of the lease in a claim, if the owner still holds it.
local function rest_of(claim, owner, now)
  if not claim or string.find(claim, owner, 1, true) ~= 1 then
    return nil
  end
  local lease_end, rest = string.match(claim, '^ (%d+) (.*)$', #owner + 1)
  return lease_end and tonumber(lease_end) >= now and rest or nil
end

-- Takes a step for each call; its reply, or the error of a call that failed, which does not stop the others.
local function each(calls, step)
  local replies = {}
  for call = 1, calls do
    local ok, reply = pcall(step, call)
    if not ok then
      if type(reply) ~= 'table' then
        reply = { err = reply }
      end
      -- A replica: nothing was written for any call, and the client must see the error to look for the master.
      if string.sub(reply.err, 1, 8) == 'READONLY' then
        return reply
      end
    end
    replies[call] = reply
  end
  return replies
end
`,
  complete: `#!lua flags=allow-oom
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
    redis.call('SET', lock, string.format('= %d %s', now, string.match(rest, '^[^\\n]*')), 'PX', remembered)
  end
  return 1
end)
if #freed > 0 then
  redis.call('DEL', unpack(freed))
end
return replies
`,
  extend: `#!lua flags=allow-oom
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
`,
  find: `-- Reads what is stored under a key, in one atomic step.
-- KEYS  1 record   2 lock
-- Replies
--   {record or nil, remaining lease (ms), claims, uncounted ones, forgiven ones}    remaining lease is -2 if it is not in progress
local record, claim, now = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]), clock()
if not claim then
  return { record, -2, 0, 0, 0 }
end
local holder, holder_until, count, uncounted, forgiven = string.match(claim, CLAIM)
if not holder then
  return { record, redis.call('PTTL', KEYS[2]), 0, 0, 0 }
end
-- A finished key whose record has expired counts as unknown, because it may be used again.
if holder == '=' then
  return { record, -2, 0, 0, 0 }
end
local remaining = holder ~= '-' and holder_until - now or -2
return { record, remaining < 0 and -2 or remaining, tonumber(count), tonumber(uncounted), tonumber(forgiven) }
`,
  forget: `-- Removes what is stored under a key. While the key is in progress, only an earlier record is removed: the claim stays, so
-- that no second owner starts, and fencing tokens keep growing.
-- KEYS  1 record   2 lock
-- Replies
--   'forgotten'
local claim = redis.call('GET', KEYS[2])
redis.call('DEL', KEYS[1])
if claim then
  local holder, holder_until = string.match(claim, CLAIM)
  local is_held = not holder or holder ~= '-' and holder ~= '=' and tonumber(holder_until) >= clock()
  if not is_held then
    redis.call('DEL', KEYS[2])
  end
end
return 'forgotten'
`,
  loadSteps: `-- Reads the results of the work's steps, for callers who still own the leases.
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
  return { 'loaded', string.match(rest, '\\n(.*)$') or '' }
end)
`,
  release: `#!lua flags=allow-oom
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
`,
  replaceRecord: `#!lua flags=allow-oom
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
`,
  saveSteps: `#!lua flags=allow-oom
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
  redis.call('SET', lock, string.match(claim, '^[^\\n]*') .. '\\n' .. steps, 'KEEPTTL')
  return 'saved'
end)
`,
} as const;
