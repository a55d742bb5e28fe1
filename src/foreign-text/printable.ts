/** What came from outside is shown escaped: nothing in it may tell a terminal what to do. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, (control) =>
    JSON.stringify(control)
      .slice(1, -1)
      .replace(/^[\x7f-\x9f]$/, '?'),
  );
}
