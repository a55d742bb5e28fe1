/** An identifier has at most 63 bytes. */
const NAME = /^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$/;
export const DEFAULT_TABLE = 'idempotency_keys';

/**
 * Quotes the name of a table, with or without its schema.
 *
 * @throws Error if it is not a plain name
 */
export function quotedName(table: string): string {
  if (!NAME.test(table))
    throw new Error(
      `table must be a name or schema.name of small letters, digits and underscores, at most 63 each, not '${table}'`,
    );
  return table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
}

/**
 * The SQL that creates the table of a {@link PostgresIdempotencyStore}, for your own migrations. `migrate()` runs the same.
 *
 * Pages are filled to a third, so that the record finds room beside the claim which it replaces: no index has to change then.
 * Keys are compared byte by byte, whatever the collation of the database is.
 *
 * @throws Error if the name is not a plain one
 */
export function postgresSchema(table = DEFAULT_TABLE): string {
  const name = quotedName(table);
  return `CREATE TABLE IF NOT EXISTS ${name} (
  scope text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  owner text,
  held_until bigint,
  claims integer NOT NULL,
  uncounted integer NOT NULL DEFAULT 0,
  forgiven integer NOT NULL DEFAULT 0,
  first_at bigint,
  doubt_at bigint,
  fingerprint text,
  steps text,
  finished_at bigint,
  record text,
  record_until bigint,
  ends_at bigint NOT NULL,
  delete_after bigint NOT NULL,
  PRIMARY KEY (scope, key)
) WITH (fillfactor = 33);
CREATE INDEX IF NOT EXISTS ${indexOf(table)} ON ${name} (delete_after);
`;
}

/** In the schema of its table, whose name may use all of the 63 bytes of an identifier. */
function indexOf(table: string): string {
  const name = table.slice(table.indexOf('.') + 1);
  return `"${name.slice(0, 63 - '_delete_after'.length)}_delete_after"`;
}
