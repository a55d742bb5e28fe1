/**
 * What is escaped: control characters (C1 among them), which tell a terminal what to do; line and paragraph separators,
 * which forge lines; format characters such as bidi marks, which show text in another order than it has ("Trojan Source",
 * Boucher and Anderson, 2021); and halves of characters.
 */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Text of others as it can be shown to people, in a log line, on a terminal or a page: on one line, nothing in it does
 * anything, and it is no longer than that (a cut one ends in …). Escapes are those of JSON, so JSON text stays the same
 * document.
 *
 * @example printable('PAY-1\n\u202e') // 'PAY-1\\n\\u202e'
 */
export function printable(text: string, longest = Infinity): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(UNPRINTABLE, escaped);
}

/** The same for text in lines of ours. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n');
}

function escaped(character: string): string {
  const short = JSON.stringify(character).slice(1, -1);
  // A format character may be two units long.
  return short === character ? [...Array(character.length).keys()].map(unitOf(character)).join('') : short;
}

function unitOf(character: string): (index: number) => string {
  return (index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
}
