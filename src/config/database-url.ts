import { isUrl } from './variable.decorators';

/** The modes in which a connection is encrypted; `pg` checks the server's certificate in each of them. */
const ENCRYPTED_MODES = ['require', 'verify-ca', 'verify-full'];

/** `pg` prefers these in a URL's query to those in front of it, where the rules for production look. */
const MISPLACED = ['host', 'port', 'user', 'password'];

/** Whether the text is a URL of a PostgreSQL database. The user may be left out. */
export function isDatabaseUrl(text: unknown): text is string {
  if (!isUrl(text, ['postgres:', 'postgresql:'])) return false;
  const { pathname, searchParams } = new URL(text);
  return /^\/[^/]+$/.test(pathname) && !MISPLACED.some((name) => searchParams.has(name));
}

/** Whether connections to this database are always encrypted. */
export function isEncryptedDatabase({ searchParams }: URL): boolean {
  // Of a repeated parameter `pg` takes the last.
  return ENCRYPTED_MODES.includes(searchParams.getAll('sslmode').at(-1) ?? '');
}
