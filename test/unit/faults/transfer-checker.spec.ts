import { checkTransfers, missing } from '../../faults/transfer/checker';
import type {
  BankFacts,
  Effect,
  Look,
  PublishedTransfer,
  RecordFact,
  TransferHistory,
} from '../../faults/transfer/history';
import { accountNames, openingCents, totalCents } from '../../faults/transfer/transfer';
import type { ToldEvent } from '../../faults/transfer/transfer';

const doneAt = 1_000_000;
const key = 'k1';
const [from, to] = accountNames;
const effect: Effect = { key, from, to, cents: 100 };
const balances = { from: openingCents - 100, to: openingCents + 100 };
const record: RecordFact = { result: JSON.stringify(balances), isError: false };
const failed: RecordFact = { result: 'null', isError: true };
const notice = { key, messageKey: 'm1' };
const aroundIt = { from: doneAt - 500, until: doneAt + 500, keys: [key] };
const longBefore = { from: doneAt - 9_000, until: doneAt - 8_000, keys: [] };

function aPublished(overrides: Partial<PublishedTransfer> = {}): PublishedTransfer {
  const transfer = { from, to, cents: 100, workMs: 0 };
  return { key, transfer, mustFail: false, confirmedAt: doneAt - 100, copies: 2, ...overrides };
}

function aLook(overrides: Partial<Look> = {}): Look {
  return { at: doneAt + 1_000, sumCents: totalCents, done: [key], halves: [], ...overrides };
}

function atRest(overrides: Partial<BankFacts> = {}): BankFacts {
  return {
    ...aLook({ at: doneAt + 60_000 }),
    balances: new Map([
      [from, balances.from],
      [to, balances.to],
    ]),
    effects: [effect],
    records: new Map([[key, record]]),
    takenLeases: [],
    ...overrides,
  };
}

const nothing = { done: [], effects: [], records: new Map(), balances: new Map() };

function told(event: string, at: number, result: unknown = balances): ToldEvent {
  return { at, event, key, result };
}

const answered = [told('received', doneAt - 10), told('acquired', doneAt - 5), told('completed', doneAt)];

function aHistory(overrides: Partial<TransferHistory> = {}): TransferHistory {
  return {
    published: [aPublished()],
    looks: [aLook()],
    atRest: atRest(),
    notices: [notice],
    losses: [],
    told: [answered],
    rest: { messages: {}, locks: [], settledAfterMs: 1_000 },
    ends: [],
    ...overrides,
  };
}

describe('the checker of transfers finds nothing in', () => {
  it.each<[string, Partial<TransferHistory>]>([
    ['a run without problems', {}],
    [
      'a transfer that fails for good',
      {
        published: [aPublished({ mustFail: true })],
        looks: [aLook({ done: [] })],
        atRest: atRest({ ...nothing, records: new Map([[key, failed]]) }),
        notices: [],
        told: [[told('received', doneAt), told('completed', doneAt, null)]],
      },
    ],
    [
      'a transfer that was not confirmed and did not arrive',
      {
        published: [aPublished({ confirmedAt: undefined })],
        looks: [],
        atRest: atRest(nothing),
        notices: [],
        told: [],
      },
    ],
    [
      'a transfer that PostgreSQL lost after it was acknowledged',
      { looks: [aLook({ at: doneAt })], atRest: atRest(nothing), losses: [aroundIt] },
    ],
    [
      'a transfer that PostgreSQL lost, done again with other balances',
      {
        told: [answered.map((event) => ({ ...event, result: { from: 0, to: 0 } }))],
        losses: [aroundIt],
      },
    ],
    ['a message that arrives twice', { notices: [notice, notice] }],
    ['an answer from the record', { told: [answered, [told('received', doneAt), told('replayed', doneAt)]] }],
  ])('%s', (_, overrides) => {
    expect(checkTransfers(aHistory(overrides))).toEqual([]);
  });
});

describe('the checker of transfers notices', () => {
  it.each<[string, Partial<TransferHistory>]>([
    ['done once', { atRest: atRest({ effects: [effect, effect] }) }],
    ['nothing lost', { told: [], looks: [], atRest: atRest(nothing) }],
    ['as published', { atRest: atRest({ effects: [{ ...effect, cents: 101 }] }) }],
    ['as published', { atRest: atRest({ records: new Map([[key, failed]]) }) }],
    ['as published', { published: [aPublished({ mustFail: true })] }],
    ['effect and record together', { looks: [aLook({ halves: [key] })] }],
    ['effect and record together', { atRest: atRest({ halves: [key] }) }],
    ['a commit stays', { looks: [aLook(), aLook({ at: doneAt + 2_000, done: [] })] }],
    ['what was told is stored', { told: [[told('received', 0), told('replayed', 1, { from: 0, to: 0 })]] }],
    ['each message arrives', { notices: [] }],
    ['no message without its transfer', { notices: [notice, { key: 'k2', messageKey: 'm2' }] }],
    ['one key for each message', { notices: [notice, { key, messageKey: 'm2' }] }],
    ['one key for each message', { notices: [notice, { key: 'k2', messageKey: 'm1' }] }],
    ['the sum is constant', { looks: [aLook({ sumCents: totalCents - 1 })] }],
    ['balances add up', { atRest: atRest({ balances: new Map([[from, openingCents]]) }) }],
    ['one owner at a time', { atRest: atRest({ takenLeases: [{ key, leftMs: 900 }] }) }],
    ['nothing left over', { rest: { messages: { transfers: 1 }, locks: [], settledAfterMs: 0 } }],
    ['nothing left over', { rest: { messages: {}, locks: [], settledAfterMs: undefined } }],
    [
      'consumers exit cleanly',
      { ends: [{ consumer: 'consumer-0', how: 'unasked', code: 1, signal: null, lastOutput: '' }] },
    ],
  ])('%s', (rule, overrides) => {
    expect(checkTransfers(aHistory(overrides)).map((finding) => finding.rule)).toContain(rule);
  });

  it('a transfer that is missing although PostgreSQL lost nothing of its time', () => {
    const history = aHistory({ looks: [], atRest: atRest(nothing), notices: [], losses: [longBefore] });
    expect(missing(history)).toEqual([{ key, isLost: true }]);
    expect(checkTransfers(history).map(({ rule }) => rule)).toEqual([
      'nothing lost',
      'what was told is stored',
    ]);
  });
});
