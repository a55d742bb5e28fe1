import {
  parseBeginReply,
  parseCompleteReply,
  parseExtendReply,
  parseFindReply,
  parseLoadStepsReply,
  parseReleaseReply,
  parseReplaceRecordReply,
  parseSaveStepsReply,
} from '../../../src/stores/redis/redis-replies';

const record = { processedAt: '2026-01-01T00:00:00.000Z', result: 7, fingerprint: 'A', fencingToken: 1 };
const stored = JSON.stringify(record);

describe('a reply of begin.lua', () => {
  it.each([
    {
      what: 'a record of the same payload',
      reply: stored,
      begun: { kind: 'completed', record },
    },
    {
      what: 'a key that was used with another payload',
      reply: ['idempotency-key-reused'],
      begun: { kind: 'idempotency-key-reused' },
    },
    {
      what: 'a request that is too old',
      reply: ['outside-deduplication-window'],
      begun: { kind: 'outside-deduplication-window' },
    },
    {
      what: 'a lease of another owner',
      reply: ['in-progress', '700'],
      begun: { kind: 'in-progress', remainingMs: 700 },
    },
    { what: 'an attempt that waits', reply: ['not-due', 700], begun: { kind: 'not-due', remainingMs: 700 } },
    {
      what: 'a key whose attempts are used up',
      reply: ['retries-exhausted', '8'],
      begun: { kind: 'retries-exhausted', attempts: 8 },
    },
    {
      what: 'a request made later than now',
      reply: ['from-the-future', 900],
      begun: { kind: 'from-the-future', aheadMs: 900 },
    },
    {
      what: 'a lease that has just ended',
      reply: ['in-progress', -3],
      begun: { kind: 'in-progress', remainingMs: 0 },
    },
  ])('is $what', ({ reply, begun }) => {
    expect(parseBeginReply(reply, 'A')).toEqual(begun);
  });

  it('is a reused key if the record has another payload', () => {
    expect(parseBeginReply(stored, 'B')).toEqual({ kind: 'idempotency-key-reused' });
  });

  it('is the first claim of a key', () => {
    expect(parseBeginReply(1, 'A')).toEqual({
      kind: 'acquired',
      claim: { fencingToken: 1, attempt: 1, forgivenAttempts: 0, sinceFirstAttemptMs: 0 },
    });
  });

  it('is a claim with its numbers', () => {
    // Additional elements are ignored; -1 means that no earlier claim may have been forgotten.
    expect(parseBeginReply(['acquired', 3, '2', 1_500, -1, 1], 'A')).toEqual({
      kind: 'acquired',
      claim: { fencingToken: 3, attempt: 2, forgivenAttempts: 1, sinceFirstAttemptMs: 1_500 },
    });
  });
});

it.each([
  [-1, {}],
  [0, { sinceForgottenMs: 0 }],
  [700, { sinceForgottenMs: 700 }],
])(
  'a reply with a claim has the time since an earlier, forgotten one: %d ms (-1: none)',
  (sinceMs, expected) => {
    expect(parseBeginReply(['acquired', 1, 1, 0, sinceMs, 0], 'A')).toEqual({
      kind: 'acquired',
      claim: { fencingToken: 1, attempt: 1, forgivenAttempts: 0, sinceFirstAttemptMs: 0, ...expected },
    });
  },
);

describe('a reply of complete.lua, extend.lua, release.lua or save-steps.lua', () => {
  it.each([
    { reply: 1, completed: { kind: 'stored' } },
    { reply: stored, completed: { kind: 'lost', record } },
    { reply: null, completed: { kind: 'lost', record: undefined } },
    { reply: undefined, completed: { kind: 'lost', record: undefined } },
  ])('says whether the record is stored: $reply', ({ reply, completed }) => {
    expect(parseCompleteReply(reply)).toEqual(completed);
  });

  it('says whether the lease was ours', () => {
    expect(['extended', 'lost'].map(parseExtendReply)).toEqual(['extended', 'lost']);
    expect(['released', 'lost'].map(parseReleaseReply)).toEqual(['released', 'lost']);
    expect(['saved', 'lost'].map(parseSaveStepsReply)).toEqual(['saved', 'lost']);
  });
});

it('a reply of replace-record.lua says whether the record was still the same', () => {
  expect(['replaced', 'changed'].map(parseReplaceRecordReply)).toEqual(['replaced', 'changed']);
});

describe('a reply of load-steps.lua', () => {
  it.each([
    { reply: ['loaded', ''], loaded: { kind: 'loaded', steps: undefined } },
    { reply: ['loaded', '{}'], loaded: { kind: 'loaded', steps: '{}' } },
    { reply: ['lost'], loaded: { kind: 'lost' } },
  ])('has the steps, or says that the lease is not ours: $reply', ({ reply, loaded }) => {
    expect(parseLoadStepsReply(reply)).toEqual(loaded);
  });
});

describe('a reply of find.lua', () => {
  it.each([
    {
      what: 'nothing',
      reply: [null, -2, 0, 0, 0],
      found: { record: undefined, attempts: 0, countedAttempts: 0, remainingLeaseMs: undefined },
    },
    {
      what: 'its record',
      reply: [stored, -2, 0, 0, 0],
      found: { record, attempts: 1, countedAttempts: 1, remainingLeaseMs: undefined },
    },
    {
      what: 'its record, which a later attempt finished',
      reply: [JSON.stringify({ ...record, fencingToken: 3, attempt: 2 }), -2, 0, 0, 0],
      found: { attempts: 3, countedAttempts: 2, forgivenAttempts: 0 },
    },
    {
      what: 'a record that another program wrote, without a fencing token',
      reply: [JSON.stringify({ processedAt: record.processedAt, result: 7 }), -2, 0, 0, 0],
      found: { attempts: 0, countedAttempts: 0, forgivenAttempts: 0 },
    },
    {
      what: 'its lease',
      reply: [undefined, 700, 3, '1', '2'],
      found: {
        record: undefined,
        attempts: 3,
        countedAttempts: 2,
        forgivenAttempts: 2,
        remainingLeaseMs: 700,
      },
    },
    {
      what: 'a lock that does not expire',
      reply: [null, -1, 2, 0, 0],
      found: { attempts: 2, remainingLeaseMs: 0 },
    },
  ])('is $what', ({ reply, found }) => {
    expect(parseFindReply(reply)).toMatchObject(found);
  });
});

describe('a reply that no script of this version sends', () => {
  it.each<[string, () => unknown, string]>([
    ['begin', () => parseBeginReply(['begun'], 'A'), 'begin'],
    ['begin, as a number', () => parseBeginReply(2, 'A'), 'a script'],
    ['begin, without a number', () => parseBeginReply(['in-progress', 'soon'], 'A'), 'a script'],
    ['begin, with null', () => parseBeginReply(['in-progress', null], 'A'), 'a script'],
    ['complete', () => parseCompleteReply(2), 'a script'],
    ['complete, as an earlier version', () => parseCompleteReply(['stored']), 'a script'],
    ['extend', () => parseExtendReply('released'), 'extend'],
    ['release', () => parseReleaseReply('extended'), 'release'],
    ['replaceRecord', () => parseReplaceRecordReply('released'), 'replaceRecord'],
    ['saveSteps', () => parseSaveStepsReply('released'), 'saveSteps'],
    ['loadSteps', () => parseLoadStepsReply(['loaded', null]), 'loadSteps'],
    ['loadSteps, as a text', () => parseLoadStepsReply('lost'), 'a script'],
    ['find', () => parseFindReply([null, 'never', 0, 0]), 'a script'],
  ])('is an error that names the script: %s', (_, parse, script) => {
    expect(parse).toThrow(`unexpected reply of ${script}`);
    expect(parse).toThrow('are two versions of the service on one Redis?');
  });
});
