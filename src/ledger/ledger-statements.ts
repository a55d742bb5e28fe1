/** The table of events that are not published yet. */
export const OUTBOX_TABLE = 'payment_outbox';

export const COLUMNS = `key, payment_id, customer_id, amount_minor_units, currency, fingerprint, status, charge_id, decline_code,
  attempts, first_seen_at, settled_at, version,
  floor(greatest(0, extract(epoch FROM statement_timestamp() - first_seen_at)) * 1000)::bigint AS since_first_seen_ms`;

/** Rows with their versions: each change of a row, also the begin of an attempt, makes another one. */
export const VERSIONED = '(SELECT *, xmin::text AS version FROM payments) AS versioned';

/**
 * Begins an attempt at each payment, unless it has ended or another payment has the key; returns what the ledger has now.
 * Rows are locked in the order of their keys, so that two statements never wait for each other.
 *
 * $1 keys  $2 payment ids  $3 customers  $4 amounts  $5 currencies  $6 fingerprints
 */
export const BEGIN = `
WITH begun AS (
  INSERT INTO payments AS p
    (key, payment_id, customer_id, amount_minor_units, currency, fingerprint, status, attempts, first_seen_at)
  SELECT given.*, 'in-progress', 1, statement_timestamp()
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
    AS given (key, payment_id, customer_id, amount_minor_units, currency, fingerprint)
  ORDER BY given.key
  ON CONFLICT (key) DO UPDATE SET attempts = p.attempts +
    (p.status = 'in-progress' AND p.fingerprint IS NOT DISTINCT FROM excluded.fingerprint)::integer
  RETURNING *, p.xmin::text AS version
), noted AS (
  INSERT INTO payment_history (key, event, detail)
  SELECT key, 'attempt', attempts::text FROM begun WHERE status = 'in-progress'
)
SELECT ${COLUMNS} FROM begun`;

/** As the outbox of the library counts time. */
const NOW_MS = 'floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint';

/**
 * Stores the outcomes of payments, with their events, if they have not ended before, and are still the version that was read,
 * if there is one; returns the keys of those that were changed. One statement, so that no transaction is open while an answer
 * is on its way.
 *
 * $1 how long to wait before the first look at one that is processing, in ms  $2 keys  $3 statuses  $4 charges
 * $5 decline codes  $6 exchanges, null without an event  $7 scopes  $8 routing keys  $9 contents  $10 headers
 * $11 keys of the events  $12 versions
 */
export const END = `
WITH given AS (
  SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[])
    AS given (key, status, charge_id, decline_code, exchange, scope, routing_key, content, headers, message_key, version)
  ORDER BY key
), ended AS (
  UPDATE payments p SET
    status = given.status,
    charge_id = coalesce(given.charge_id, p.charge_id),
    decline_code = given.decline_code,
    processing_since = CASE given.status WHEN 'processing' THEN statement_timestamp() ELSE p.processing_since END,
    look_at = CASE given.status WHEN 'processing' THEN statement_timestamp() + $1::bigint * interval '1 ms' END,
    settled_at = CASE given.status WHEN 'processing' THEN NULL ELSE statement_timestamp() END
  FROM given
  WHERE p.key = given.key
    AND (p.status = 'in-progress' OR (p.status = 'processing' AND given.status IN ('succeeded', 'failed')))
    AND (given.version IS NULL OR p.xmin::text = given.version)
  RETURNING p.key, p.status, coalesce(p.decline_code, p.charge_id) AS detail
), noted AS (
  INSERT INTO payment_history (key, event, detail) SELECT key, status, detail FROM ended
), waiting AS (
  INSERT INTO ${OUTBOX_TABLE} (scope, key, exchange, routing_key, content, headers, message_key, created_at, due_at)
  SELECT scope, key, exchange, routing_key, content, headers, message_key, ${NOW_MS}, ${NOW_MS}
  FROM ended JOIN given USING (key) WHERE exchange IS NOT NULL
)
SELECT key FROM ended`;

/**
 * Adds to the history of payments that the ledger knows.
 *
 * $1 entries as JSON
 */
export const NOTE = `
INSERT INTO payment_history (key, event, detail)
SELECT p.key, given.event, given.detail
FROM json_to_recordset($1::json) AS given ("idempotencyKey" text, event text, detail text)
JOIN payments p ON p.key = given."idempotencyKey"`;

/** $1 key */
export const FIND = `SELECT ${COLUMNS} FROM ${VERSIONED} WHERE key = $1`;

/**
 * Takes payments whose outcome is due to be asked for. The next time is as far away as the payment has been open, at most a
 * day; so of several processes one asks, and the waits double.
 *
 * $1 how many at most  $2 the shortest wait, in ms
 */
export const TAKE_DUE = `
UPDATE payments p SET look_at = statement_timestamp() +
  least(greatest(statement_timestamp() - p.processing_since, $2::bigint * interval '1 ms'), interval '1 day')
FROM (
  SELECT key FROM payments WHERE status = 'processing' AND look_at <= statement_timestamp()
  ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED
) due
WHERE p.key = due.key
RETURNING p.key, p.charge_id`;

/** How many payments are open, and the age of the oldest in seconds. */
export const OPEN = `
SELECT count(*) AS count, coalesce(extract(epoch FROM statement_timestamp() - min(processing_since)), 0) AS oldest_seconds
FROM payments WHERE status = 'processing'`;
