-- Claims a key: looks for a record, checks fingerprint, age and attempts, takes the lease, counts the claim.
-- KEYS  1 record   2 lock   3 attempts
-- ARGV  1 owner token   2 lease (ms)   3 life of the attempts (ms)   4 fingerprint, '' for none
--       5 when the request was made (epoch ms), '' for unknown   6 the greatest age at which its key is still known (ms)
--       7 how far the clock behind 5 may be off (ms), '': timestamps in the future are not checked
--       8 since when the request has waited on our side (epoch ms), '' for not   9 limit of counted attempts, '' for none
--       10 how many of the counted ones are forgiven, for all requests from now on; more than all claims: ignored
-- Attempts are one text: number of claims, of uncounted ones, of forgiven ones (counted, but not against the limit), time of
-- the first one (epoch ms), since when an earlier one may have been forgotten (epoch ms), state, fingerprint. The state is
-- w: begun, not ended; r: released, with the time before which no other attempt may begin (epoch ms); f: finished, with
-- the time (epoch ms). Everything after the first three numbers may be empty except w, r, f.
-- Replies
--   {'completed', record}                              a finished record, as it was stored
--   {'idempotency-key-reused'}                         the key is bound to another fingerprint
--   {'in-progress', remaining (ms)}                    another owner holds the lease
--   {'not-due', remaining (ms)}                        not in progress, but the next attempt is not due yet
--   {'retries-exhausted', counted claims}              all attempts are used up, and the last one was released
--   {'outside-deduplication-window'}                   it may have been processed and forgotten
--   {'from-the-future', by how much (ms)}              made later than now, by more than 7
--   {'acquired', claims, counted ones, time since the first (ms), time since one that may be forgotten (ms) or -1,
--    forgiven ones}
--   error UNREADABLE                                   the attempts do not have the format of these scripts
local record = redis.call('GET', KEYS[1])
if record then
  return { 'completed', record }
end

local known = redis.call('GET', KEYS[3]) or '0 0 0   r '
local count, uncounted, forgiven, first_at, doubt_at, state, state_at, fingerprint =
  string.match(known, '^(%d+) (%d+) (%d+) (%d*) (%d*) ([wrf])(%d*) (.*)$')
if not count then
  return redis.error_reply('UNREADABLE attempts')
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local made_at, tolerance = tonumber(ARGV[5]), tonumber(ARGV[7])

local is_forgotten = false
if state == 'f' and now - state_at >= tonumber(ARGV[6]) then
  -- The record has expired. A request that may be older than the end of the work may be a duplicate of it.
  is_forgotten = made_at and made_at - (tolerance or 0) <= tonumber(state_at)
  uncounted, forgiven, first_at, doubt_at, fingerprint = count, 0, '', '', ''
end
if ARGV[4] ~= '' and fingerprint ~= '' and fingerprint ~= ARGV[4] then
  return { 'idempotency-key-reused' }
end
if made_at and tolerance and made_at > now + tolerance then
  return { 'from-the-future', made_at - now }
end

local counted = count - uncounted
local asked = tonumber(ARGV[10]) or 0
if asked <= tonumber(count) and math.min(asked, counted) > tonumber(forgiven) then
  forgiven = math.min(asked, counted)
  -- Stored whatever the reply is: other requests of the key come while this one waits.
  local format = '%d %d %d %s %s %s%s %s'
  local kept = string.format(format, count, uncounted, forgiven, first_at, doubt_at, state, state_at, fingerprint)
  redis.call('SET', KEYS[3], kept, 'KEEPTTL')
end

local remaining = redis.call('PTTL', KEYS[2])
if remaining ~= -2 then
  return { 'in-progress', remaining }
end
if state == 'r' then
  if state_at ~= '' and now < tonumber(state_at) then
    return { 'not-due', tonumber(state_at) - now }
  end
  if ARGV[9] ~= '' and counted - forgiven >= tonumber(ARGV[9]) then
    return { 'retries-exhausted', counted }
  end
end

-- A key with a counted attempt was not forgotten, so the age does not count.
if made_at and first_at == '' and (is_forgotten or now - made_at > tonumber(ARGV[6])) then
  local waiting_since = tonumber(ARGV[8])
  if not waiting_since or math.min(now, waiting_since) - made_at > tonumber(ARGV[6]) then
    return { 'outside-deduplication-window' }
  end
  doubt_at = math.max(0, made_at - (tolerance or 0))
end

redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
count = count + 1
first_at, doubt_at = tonumber(first_at) or now, tonumber(doubt_at)
if ARGV[4] ~= '' then
  fingerprint = ARGV[4]
end
local doubt = doubt_at and string.format('%d', doubt_at) or ''
local attempts = string.format('%d %d %d %d %s w %s', count, uncounted, forgiven, first_at, doubt, fingerprint)
-- Never shorter than the lease, or the fencing tokens would start again with the next owner.
redis.call('SET', KEYS[3], attempts, 'PX', math.max(ARGV[3], ARGV[2]))
local since_first = math.max(0, now - first_at)
local since_doubt = doubt_at and math.max(0, now - doubt_at) or -1
return { 'acquired', count, count - uncounted, since_first, since_doubt, tonumber(forgiven) }
