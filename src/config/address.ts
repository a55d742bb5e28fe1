/** Where a URL leads, as a log may say it: without its login, path and options. */
export function addressOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
