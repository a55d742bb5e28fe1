/**
 * Characters that are escaped: control characters (including C1), which can control a terminal; line and paragraph
 * separators, which can forge log lines; format characters such as bidi marks, which show text in a false order ("Trojan
 * Source", Boucher and Anderson, 2021); and lone surrogates.
 */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Makes text from outside safe to show in a log line, on a terminal or on a page: it stays on one line, has no control
 * effect, and is at most `longest` long (a cut text ends in …). Escapes are those of JSON, so JSON text stays the same
 * document.
 *
 * @example printable('PAY-1\n\u202e') // 'PAY-1\\n\\u202e'
 */
export function printable(text: string, longest = Infinity): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(UNPRINTABLE, escaped);
}

/** The same for text whose line breaks are our own. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n');
}

function escaped(character: string): string {
  const short = JSON.stringify(character).slice(1, -1);
  // A format character may have two code units.
  return short === character ? [...Array(character.length).keys()].map(unitOf(character)).join('') : short;
}

function unitOf(character: string): (index: number) => string {
  return (index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
}
