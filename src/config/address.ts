/** The scheme, host and port of a URL, safe for logs: no login, path or options. */
export function addressOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
