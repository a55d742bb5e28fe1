/** `metadata['order']:'7'` */
interface SearchClause {
  key: string;
  value: string;
}

/** `all`: a payment must match each clause. `any`: one of them is enough. */
export type SearchQuery =
  { kind: 'all' | 'any'; clauses: SearchClause[] } | { kind: 'invalid'; message: string };

// A text in single or double quotes, in which a backslash escapes the next character.
const quoted = String.raw`(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")`;
const clausePattern = new RegExp(String.raw`\s*metadata\[${quoted}\]\s*:\s*${quoted}\s*`, 'ys');
const joinPattern = /(and|or)\s/iy;

/** Parses the part of Stripe's search language that the sandbox supports: metadata clauses, all joined by AND or all by OR. */
export function parseSearchQuery(text: string): SearchQuery {
  const clauses: SearchClause[] = [];
  let position = 0;
  let kind: 'all' | 'any' | undefined;
  for (;;) {
    const clause = matchAt(clausePattern, text, position);
    if (clause === null) return invalidQuery(text.slice(position));
    clauses.push({ key: unquote(clause[1] ?? clause[2]), value: unquote(clause[3] ?? clause[4]) });
    position += clause[0].length;
    if (position === text.length) return { kind: kind ?? 'all', clauses };
    const join = matchAt(joinPattern, text, position);
    const joined = join?.[1]?.toLowerCase() === 'or' ? 'any' : 'all';
    if (join === null || (kind !== undefined && kind !== joined)) return invalidQuery(text.slice(position));
    kind = joined;
    position += join[0].length;
  }
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(text);
}

function unquote(text = ''): string {
  return text.replace(/\\(.)/gs, '$1');
}

function invalidQuery(rest: string): SearchQuery {
  const message = `We were unable to parse your search query at "${rest}". The sandbox supports metadata['key']:'value', all joined by AND or all by OR.`;
  return { kind: 'invalid', message };
}
