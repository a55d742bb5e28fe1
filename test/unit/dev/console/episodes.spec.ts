import type { Happening } from '../../../../src/dev/console/activity';
import { wordsFor } from '../../../../src/dev/console/page/episodes';

const facts = { key: 'k', at: 1 };
const finished = (status: string): Happening => ({ ...facts, kind: 'finished', result: resultOf(status) });
const ended = (status: string): Happening => ({ ...facts, kind: 'ended', result: resultOf(status) });

function resultOf(status: string) {
  return status === 'succeeded' || status === 'processing' ? { status } : { status, declineCode: 'closed' };
}

describe('the words for a result in the time line', () => {
  it.each([
    { happening: finished('succeeded'), words: { what: 'charged', tone: 'charged' } },
    { happening: finished('declined'), words: { what: 'declined', tone: 'declined', more: 'closed' } },
    {
      happening: finished('processing'),
      words: { what: 'processing', tone: 'processing', more: 'at the gateway' },
    },
    { happening: finished('failed'), words: { what: 'failed', tone: 'declined', more: 'closed' } },
    { happening: ended('succeeded'), words: { what: 'succeeded later', tone: 'charged' } },
    { happening: ended('failed'), words: { what: 'failed later', tone: 'declined', more: 'closed' } },
  ])('are "$words.what" for $happening.kind $happening.result.status', ({ happening, words }) => {
    expect(wordsFor(happening)).toEqual(words);
  });
});
