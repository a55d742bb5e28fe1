import { quotedName } from '../schema';

export const DEFAULT_OUTBOX_TABLE = 'idempotency_outbox';

/**
 * The SQL that creates the table of a {@link PostgresOutbox}, for your own migrations. `migrate()` of the store runs the same.
 *
 * Content and headers are text: `jsonb` cannot hold every text that JSON can. The primary key begins with the request, whose
 * messages are published in order; the index is the order in which they are due.
 *
 * @throws Error if the name is not a plain one
 */
export function outboxSchema(table = DEFAULT_OUTBOX_TABLE): string {
  const name = quotedName(table);
  return `CREATE TABLE IF NOT EXISTS ${name} (
  id bigint GENERATED ALWAYS AS IDENTITY,
  scope text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  exchange text NOT NULL,
  routing_key text NOT NULL,
  content text NOT NULL,
  headers text NOT NULL,
  message_key text NOT NULL,
  created_at bigint NOT NULL,
  due_at bigint NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, key, id)
);
CREATE INDEX IF NOT EXISTS ${indexOf(table)} ON ${name} (due_at, id);
`;
}

/** In the schema of its table, whose name may use all of the 63 bytes of an identifier. */
function indexOf(table: string): string {
  const name = table.slice(table.indexOf('.') + 1);
  return `"${name.slice(0, 63 - '_due_at'.length)}_due_at"`;
}
