import type { Edit } from './build';

/** Mistakes in the checker itself; its unit tests catch them. */
export const checkerMutants: readonly { name: string; edits: readonly Edit[] }[] = [
  {
    name: 'dead letters counted as done',
    edits: [
      {
        file: 'faults/checker/dead-letters.ts',
        replace: 'if (honestReasons.includes(letter.reason)) return [];',
        by: 'return [];',
      },
    ],
  },
  {
    name: 'a lost payment hidden by the dead letter of another message',
    edits: [
      {
        file: 'faults/checker/gateway.ts',
        replace: 'byKey(goodLetters(history))',
        by: 'byKey(history.deadLetters)',
      },
    ],
  },
  {
    name: 'a lost transfer excused by any loss of PostgreSQL',
    edits: [
      {
        file: 'faults/transfer/told.ts',
        replace: '({ from, until }) => since <= until && at >= from',
        by: '() => true',
      },
    ],
  },
];
