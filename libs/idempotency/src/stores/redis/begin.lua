-- Claims keys, one after the other: looks for a record, checks fingerprint, age and attempts, takes the lease, counts the claim.
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
