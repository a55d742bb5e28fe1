/** The statements of an outbox, for one table. Times are epoch milliseconds by the clock of the server. */
export interface OutboxStatements {
  readonly write: string;
  readonly take: string;
  readonly remove: string;
  readonly delay: string;
  readonly lag: string;
}

/** The same value in all of a statement, so that an index can be searched for it. */
const NOW = 'floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint';

/** @param table its quoted name */
export function outboxStatementsFor(table: string): OutboxStatements {
  return {
    // Numbers the rows in the order of the messages, in which those of one request are published.
    // $1 scopes  $2 keys  $3 exchanges  $4 routing keys  $5 contents  $6 headers  $7 message keys
    write: `
INSERT INTO ${table} (scope, key, exchange, routing_key, content, headers, message_key, created_at, due_at)
SELECT scope, key, exchange, routing_key, content, headers, message_key, ${NOW}, ${NOW}
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY
  AS given (scope, key, exchange, routing_key, content, headers, message_key, place)
ORDER BY place`,

    // Locks the first messages of requests, and reads all messages of these. While the lock is held, no other relay takes any
    // message of the request: the later ones are not its first, until the transaction that removes the earlier ones commits.
    // $1 how many requests at most  $2 how many messages at most
    take: `
WITH heads AS MATERIALIZED (
  SELECT scope, key FROM ${table} t
  WHERE due_at <= ${NOW} AND NOT EXISTS (
    SELECT FROM ${table} earlier WHERE earlier.scope = t.scope AND earlier.key = t.key AND earlier.id < t.id
  )
  ORDER BY due_at, id LIMIT $1::integer
  FOR UPDATE SKIP LOCKED
)
SELECT id, scope, key, exchange, routing_key, content, headers, message_key, created_at, failures, ${NOW} AS now
FROM heads JOIN ${table} t USING (scope, key) ORDER BY id LIMIT $2::integer`,

    // $1 scopes  $2 keys  $3 ids
    remove: `
DELETE FROM ${table} t USING unnest($1::text[], $2::text[], $3::bigint[]) AS given (scope, key, id)
WHERE t.scope = given.scope AND t.key = given.key AND t.id = given.id`,

    // After a failure of their first message, all messages of a request wait: they are not looked at until then.
    // $1 scopes  $2 keys  $3 ids of the messages that failed  $4 how long to wait
    delay: `
UPDATE ${table} t SET due_at = ${NOW} + given.wait, failures = failures + (t.id = given.id)::integer
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS given (scope, key, id, wait)
WHERE t.scope = given.scope AND t.key = given.key`,

    lag: `SELECT count(*) AS waiting, greatest(0, ${NOW} - min(created_at)) AS oldest FROM ${table}`,
  };
}
