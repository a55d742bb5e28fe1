import fc from 'fast-check';
import '../../../support/fixed-seed';
import { parseSearchQuery } from '../../../../src/dev/sandbox/search-query';

function escaped(text: string, quote: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`);
}

describe('a search query', () => {
  it.each([
    [`metadata['a']:'b'`, [{ key: 'a', value: 'b' }]],
    [`metadata["a"]:"b"`, [{ key: 'a', value: 'b' }]],
    [` metadata['a'] : 'b' `, [{ key: 'a', value: 'b' }]],
    [String.raw`metadata['a']:'it\'s'`, [{ key: 'a', value: `it's` }]],
    [String.raw`metadata['a']:'back\\slash'`, [{ key: 'a', value: 'back\\slash' }]],
    [`metadata['a']:'1 AND 2'`, [{ key: 'a', value: '1 AND 2' }]],
    [
      `metadata['a']:'1' AND metadata['b']:'2' and metadata['c']:'3'`,
      [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
        { key: 'c', value: '3' },
      ],
    ],
  ])('%s', (query, clauses) => {
    expect(parseSearchQuery(query)).toEqual({ kind: 'all', clauses });
  });

  it('matches any of its clauses if they are joined by OR', () => {
    const clauses = ['1', '2', '3'].map((value) => ({ key: 'a', value }));
    expect(parseSearchQuery(`metadata['a']:'1' OR metadata['a']:'2' or metadata['a']:'3'`)).toEqual({
      kind: 'any',
      clauses,
    });
  });

  it.each([
    '',
    `metadata['a']`,
    `metadata[a]:'b'`,
    `metadata['a']:b`,
    `metadata['a']:'b`,
    `metadata['a']:'b' OR metadata['c']:'d' AND metadata['e']:'f'`,
    `metadata['a']:'b' OR`,
    `metadata['a']:'b' AND`,
    `metadata['a']:'b' metadata['c']:'d'`,
    `status:'succeeded'`,
  ])('is rejected: %j', (query) => {
    expect(parseSearchQuery(query).kind).toBe('invalid');
  });

  it('parses any escaped text, in both kinds of quotes', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom(`'`, `"`), (key, value, quote) => {
        const query = `metadata[${quote}${escaped(key, quote)}${quote}]:${quote}${escaped(value, quote)}${quote}`;
        expect(parseSearchQuery(query)).toEqual({ kind: 'all', clauses: [{ key, value }] });
      }),
    );
  });
});
