/** A line for the history of the customer's oldest payment while the others are changed; see {@link MARK}. */
const BEGUN = 'customer-forgetting';

/** Two runs for the same customer would use two pseudonyms. $1 customer */
export const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('forget ' || $1::text, 0))`;

/** The pseudonym of a run for the same customer that was interrupted. $1 customer */
export const FIND_MARK = `
SELECT h.detail AS pseudonym FROM payments p JOIN payment_history h USING (key)
WHERE p.customer_id = $1 AND h.event = '${BEGUN}' ORDER BY h.id LIMIT 1`;

/**
 * Notes the pseudonym at the customer's oldest payment, which is changed last: a run that is interrupted goes on with the same
 * one.
 *
 * $1 customer  $2 pseudonym
 */
export const MARK = `
INSERT INTO payment_history (key, event, detail)
SELECT key, '${BEGUN}', $2 FROM payments WHERE customer_id = $1 ORDER BY first_seen_at, key LIMIT 1`;

/** Newest first. $1 customer  $2 how many at most */
export const NEXT = `
SELECT key FROM payments WHERE customer_id = $1 ORDER BY first_seen_at DESC, key DESC LIMIT $2`;

/** In the order of their keys, as every statement of the ledger locks them. $1 customer  $2 keys */
export const HOLD = `
SELECT amount_minor_units, currency, status FROM payments
WHERE customer_id = $1 AND key = ANY($2::text[]) ORDER BY key FOR UPDATE`;

/** The fingerprint is a hash over the customer as well. $1 customer  $2 keys  $3 pseudonym */
export const FORGET = `
WITH forgotten AS (
  UPDATE payments SET customer_id = $3, fingerprint = NULL WHERE customer_id = $1 AND key = ANY($2::text[])
  RETURNING key, amount_minor_units, currency, status
), noted AS (
  INSERT INTO payment_history (key, event) SELECT key, 'customer-forgotten' FROM forgotten
)
SELECT amount_minor_units, currency, status FROM forgotten`;

/**
 * Events that name the customer and are not published. They are JSON as JavaScript writes it.
 *
 * $1 the field with the customer, as in the JSON
 */
export const EVENTS_NAMING = `SELECT count(*) AS count FROM payment_outbox WHERE strpos(content, $1) > 0`;
