/** The statements of the store, for one table. Times are epoch milliseconds by the clock of the server. */
export interface Statements {
  readonly begin: string;
  readonly replaceClaim: string;
  readonly complete: string;
  readonly extend: string;
  readonly loadSteps: string;
  readonly saveSteps: string;
  readonly replaceRecord: string;
  readonly release: string;
  readonly find: string;
  readonly forget: string;
  readonly deleteExpired: string;
  readonly probe: string;
}

/** For the current transaction only. $1 milliseconds, as text */
export const LIMIT_IDLE_TIME = `SELECT set_config('idle_in_transaction_session_timeout', $1, true)`;

const CLOCK =
  'clock AS MATERIALIZED (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now)';

/** Those of `StoredRow`; `t` is the table. */
const STORED_COLUMNS = `t.xmin::text AS version, owner, held_until, claims, uncounted, forgiven, first_at, doubt_at,
  fingerprint, finished_at, record, record_until, ends_at`;

/**
 * A row is deleted later than it ends, by a sixteenth of its life. So the end of the work, which makes the life a little
 * longer, rarely changes the indexed column, and the new version of the row needs no entry in any index (a HOT update).
 */
const DELETED_LATER = 16;

/**
 * Each statement is atomic, and none waits for a lock for long: rows are locked in the order of their keys, and `begin` skips
 * those that another transaction has locked.
 *
 * @param table its quoted name
 */
export function statementsFor(table: string): Statements {
  return {
    // Claims keys that are not known, and reads what is stored under the others.
    // $1 scopes  $2 keys  $3 owners  $4 fingerprints  $5 when the requests were made  $6 since when they have waited
    // $7 lease  $8 life of a claim  $9 greatest age at which a key is still known  $10 tolerance, null: no check of the future
    // $11 whether a key may have any attempt
    begin: `
WITH ${CLOCK},
asked AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
    WITH ORDINALITY AS asked (scope, key, owner, fingerprint, made_at, waiting_since, place)
),
stored AS MATERIALIZED (
  SELECT place, found.* FROM asked CROSS JOIN LATERAL (
    SELECT ${STORED_COLUMNS}
    FROM ${table} t WHERE t.scope = asked.scope AND t.key = asked.key
    OFFSET 0
  ) found
),
claimed AS (
  INSERT INTO ${table} (scope, key, owner, held_until, claims, first_at, doubt_at, fingerprint, ends_at, delete_after)
  SELECT scope, key, owner, now + $7::bigint, 1, now,
    CASE WHEN now - made_at > $9::bigint THEN greatest(0, made_at - coalesce($10::bigint, 0)) END,
    fingerprint, now + $8::bigint, now + $8::bigint + $8::bigint / ${DELETED_LATER}
  FROM asked CROSS JOIN clock
  -- A key that is known is not tried: that would wait for a transaction which is about to store its record.
  WHERE place NOT IN (SELECT place FROM stored) AND $11::boolean AND (made_at IS NULL OR (
    ($10::bigint IS NULL OR made_at <= now + $10::bigint)
    AND (now - made_at <= $9::bigint OR least(now, waiting_since) - made_at <= $9::bigint)
  ))
  ORDER BY scope, key
  ON CONFLICT (scope, key) DO NOTHING
  RETURNING scope, key
)
SELECT now, claimed.key IS NOT NULL AS is_new, stored.*
FROM asked CROSS JOIN clock
LEFT JOIN claimed ON claimed.scope = asked.scope AND claimed.key = asked.key
LEFT JOIN stored ON stored.place = asked.place
ORDER BY asked.place`,

    // Writes claims over those that were read, unless they have changed since. Steps end with the attempts that they are of.
    // $1 scopes  $2 keys  $3 versions that were read  $4 owners  $5 held until  $6 claims  $7 uncounted ones  $8 forgiven ones
    // $9 times of the first ones  $10 since when earlier ones may be forgotten  $11 fingerprints  $12 when they were finished
    // $13 ends of the rows
    replaceClaim: `
WITH given AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::integer[], $7::integer[],
    $8::integer[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::bigint[])
    AS given (scope, key, version, owner, held_until, claims, uncounted, forgiven, first_at, doubt_at, fingerprint,
      finished_at, ends_at)
),
free AS (
  SELECT given.* FROM given JOIN ${table} t ON t.scope = given.scope AND t.key = given.key
  WHERE t.xmin::text = given.version
  ORDER BY t.scope, t.key
  FOR UPDATE OF t SKIP LOCKED
)
UPDATE ${table} t SET
  owner = free.owner, held_until = free.held_until, claims = free.claims, uncounted = free.uncounted,
  forgiven = free.forgiven, first_at = free.first_at, doubt_at = free.doubt_at, fingerprint = free.fingerprint,
  steps = CASE WHEN t.first_at = free.first_at THEN t.steps END, finished_at = free.finished_at,
  record = NULL, record_until = NULL, ends_at = free.ends_at, delete_after = greatest(t.delete_after, free.ends_at)
FROM free WHERE t.scope = free.scope AND t.key = free.key
RETURNING t.scope, t.key`,

    // Stores the records of finished work, for owners who still hold their leases.
    // $1 scopes  $2 keys  $3 owners  $4 records  $5 life of a record  $6 how long to remember that the key was finished
    complete: `
WITH ${CLOCK},
held AS (
  SELECT t.scope, t.key, given.record
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS given (scope, key, owner, record)
  JOIN ${table} t ON t.scope = given.scope AND t.key = given.key AND t.owner = given.owner
  CROSS JOIN clock WHERE t.held_until >= now
  ORDER BY t.scope, t.key
  FOR UPDATE OF t
)
UPDATE ${table} t SET
  owner = NULL, held_until = NULL, steps = NULL, finished_at = now, record = held.record, record_until = now + $5::bigint,
  ends_at = now + $6::bigint, delete_after = greatest(delete_after, now + $6::bigint)
FROM held CROSS JOIN clock WHERE t.scope = held.scope AND t.key = held.key
RETURNING t.scope, t.key`,

    // Renews leases from now, for owners who still hold them.
    // $1 scopes  $2 keys  $3 owners  $4 lease
    extend: `
WITH ${CLOCK},
held AS (
  SELECT t.scope, t.key
  FROM unnest($1::text[], $2::text[], $3::text[]) AS given (scope, key, owner)
  JOIN ${table} t ON t.scope = given.scope AND t.key = given.key AND t.owner = given.owner
  CROSS JOIN clock WHERE t.held_until >= now
  ORDER BY t.scope, t.key
  FOR UPDATE OF t
)
UPDATE ${table} t SET
  held_until = now + $4::bigint, ends_at = greatest(ends_at, now + $4::bigint),
  delete_after = greatest(delete_after, now + $4::bigint)
FROM held CROSS JOIN clock WHERE t.scope = held.scope AND t.key = held.key
RETURNING t.scope, t.key`,

    // $1 scope  $2 key  $3 owner
    loadSteps: `
WITH ${CLOCK}
SELECT steps FROM ${table} CROSS JOIN clock WHERE scope = $1 AND key = $2 AND owner = $3 AND held_until >= now`,

    // Stores the results of the work's steps, for owners who still hold their leases.
    // $1 scopes  $2 keys  $3 owners  $4 steps
    saveSteps: `
WITH ${CLOCK},
held AS (
  SELECT t.scope, t.key, given.steps
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS given (scope, key, owner, steps)
  JOIN ${table} t ON t.scope = given.scope AND t.key = given.key AND t.owner = given.owner
  CROSS JOIN clock WHERE t.held_until >= now
  ORDER BY t.scope, t.key
  FOR UPDATE OF t
)
UPDATE ${table} t SET steps = held.steps FROM held WHERE t.scope = held.scope AND t.key = held.key
RETURNING t.scope, t.key`,

    // Stores other records in place of those that were read, unless they have changed since.
    // $1 scopes  $2 keys  $3 records that were read  $4 records
    replaceRecord: `
WITH ${CLOCK},
unchanged AS (
  SELECT t.scope, t.key, given.record
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS given (scope, key, read, record)
  JOIN ${table} t ON t.scope = given.scope AND t.key = given.key AND t.record = given.read
  CROSS JOIN clock WHERE t.record_until >= now
  ORDER BY t.scope, t.key
  FOR UPDATE OF t
)
UPDATE ${table} t SET record = unchanged.record FROM unchanged WHERE t.scope = unchanged.scope AND t.key = unchanged.key
RETURNING t.scope, t.key`,

    // Frees keys without a record, for owners who still hold their leases. If no attempt counts, the key is free for any
    // payload again.
    // $1 scopes  $2 keys  $3 owners  $4 'counted', 'uncounted' or 'unfinished'  $5 waits before the next attempt
    release: `
WITH ${CLOCK},
held AS (
  SELECT t.scope, t.key, given.counting, given.wait,
    given.counting = 'uncounted' AND t.uncounted + 1 = t.claims AS is_free
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) AS given (scope, key, owner, counting, wait)
  JOIN ${table} t ON t.scope = given.scope AND t.key = given.key AND t.owner = given.owner
  CROSS JOIN clock WHERE t.held_until >= now
  ORDER BY t.scope, t.key
  FOR UPDATE OF t
)
UPDATE ${table} t SET
  owner = CASE WHEN counting = 'unfinished' THEN owner END,
  held_until = CASE WHEN counting = 'unfinished' THEN 0 WHEN wait > 0 THEN now + wait END,
  uncounted = CASE WHEN counting = 'uncounted' THEN uncounted + 1 ELSE uncounted END,
  forgiven = CASE WHEN is_free THEN 0 ELSE forgiven END,
  first_at = CASE WHEN NOT is_free THEN first_at END,
  doubt_at = CASE WHEN NOT is_free THEN doubt_at END,
  fingerprint = CASE WHEN NOT is_free THEN fingerprint END,
  steps = CASE WHEN NOT is_free THEN steps END,
  ends_at = ends_at + wait, delete_after = greatest(delete_after, ends_at + wait)
FROM held CROSS JOIN clock WHERE t.scope = held.scope AND t.key = held.key
RETURNING t.scope, t.key`,

    // $1 scope  $2 key
    find: `
WITH ${CLOCK}
SELECT now, ${STORED_COLUMNS}
FROM clock LEFT JOIN ${table} t ON scope = $1 AND key = $2`,

    // While the key is in progress, its claim stays, so that no second owner starts. It has no record then.
    // $1 scope  $2 key
    forget: `
WITH ${CLOCK}
DELETE FROM ${table} USING clock
WHERE scope = $1 AND key = $2 AND NOT coalesce(owner IS NOT NULL AND held_until >= now, false)`,

    // $1 how many rows at most
    deleteExpired: `
WITH ${CLOCK},
expired AS (
  SELECT scope, key FROM ${table} t CROSS JOIN clock WHERE delete_after < now
  ORDER BY delete_after LIMIT $1::integer
  FOR UPDATE OF t SKIP LOCKED
)
DELETE FROM ${table} t USING expired WHERE t.scope = expired.scope AND t.key = expired.key
RETURNING 1`,

    // A write, because a standby and a server with a full disk answer reads. No scope of an application has a colon.
    probe: `
WITH ${CLOCK}
INSERT INTO ${table} (scope, key, claims, ends_at, delete_after) SELECT 'idempotency:probe', 'probe', 0, now, now FROM clock
ON CONFLICT (scope, key) DO UPDATE SET ends_at = excluded.ends_at`,
  };
}
