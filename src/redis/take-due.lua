-- Takes the members that are due, and sets when each is due next: as far away as it has been in the set.
--
-- KEYS[1]  a sorted set: members "<since, ms>:<name>", scores the next moment in ms
-- ARGV     how many at most, the shortest and the longest wait in ms, the time now in ms
-- Reply    the members that were due
local atMost, shortest = ARGV[1], tonumber(ARGV[2])
local longest, now = tonumber(ARGV[3]), tonumber(ARGV[4])
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, atMost)
for _, member in ipairs(due) do
  local since = tonumber(string.match(member, '^(%d+):')) or now
  local wait = math.min(math.max(now - since, shortest), longest)
  redis.call('ZADD', KEYS[1], now + wait, member)
end
return due
