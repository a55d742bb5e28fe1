import type { Journal } from '../../../../src/dev/sandbox/journal';
import { openJournal } from '../../../../src/dev/sandbox/journal';
import type { JournalEntry } from '../../../../src/dev/sandbox/journal-entry';
import { Ledger } from '../../../../src/dev/sandbox/ledger';
import { aCharge, aFault, aPending } from './entries';

const request = { key: 'payment:one', parametersHash: 'hash' };

async function live(...entries: JournalEntry[]): Promise<Ledger> {
  const ledger = new Ledger(await openJournal(null));
  for (const entry of entries) await ledger.record(entry);
  return ledger;
}

async function readBack(...entries: JournalEntry[]): Promise<Ledger> {
  const journal: Journal = Object.assign(await openJournal(null), { recovered: entries });
  return new Ledger(journal);
}

describe.each([
  ['while it runs', live],
  ['after a restart', readBack],
])('the ledger %s', (_when, ledgerOf) => {
  it('finds a payment by its id', async () => {
    expect((await ledgerOf(aCharge())).find('pi_one')).toEqual(aCharge());
  });

  it('lists payments newest first', async () => {
    const ledger = await ledgerOf(aCharge(), aCharge({ paymentIntentId: 'pi_two' }));
    expect(ledger.newestFirst().map(({ paymentIntentId }) => paymentIntentId)).toEqual(['pi_two', 'pi_one']);
  });

  it.each(['payment:one', 'one'])('finds entries by the key %s', async (key) => {
    const ledger = await ledgerOf(aCharge(), aCharge({ idempotencyKey: 'payment:two', metadata: {} }));
    expect(ledger.entries(key)).toEqual([aCharge()]);
  });

  it('lists an entry with two equal keys once', async () => {
    const ledger = await ledgerOf(aCharge({ idempotencyKey: 'one' }));
    expect(ledger.entries('one')).toHaveLength(1);
  });

  it('replays a stored response', async () => {
    const ledger = await ledgerOf(aCharge());
    expect(ledger.keys.begin(request)).toEqual({ kind: 'replay', kept: aCharge() });
  });

  it('replays a stored failure', async () => {
    const ledger = await ledgerOf(aFault());
    expect(ledger.keys.begin(request)).toEqual({ kind: 'replay', kept: aFault() });
  });

  it('has the latest state of a payment', async () => {
    const ended = aCharge({ pendingSince: aPending().at, storedStatus: null });
    expect((await ledgerOf(aPending(), ended)).find('pi_one')).toEqual(ended);
  });

  it('lists payments in the order in which they began', async () => {
    const second = aPending({ paymentIntentId: 'pi_two' });
    const ledger = await ledgerOf(aPending(), second, aCharge({ storedStatus: null }));
    expect(ledger.newestFirst().map(({ paymentIntentId }) => paymentIntentId)).toEqual(['pi_two', 'pi_one']);
  });

  it.each([null, 'payment:one', 'one'])(
    'knows which payments have not ended, with the key %s',
    async (key) => {
      const second = aPending({ paymentIntentId: 'pi_two' });
      const ledger = await ledgerOf(aPending(), second, aCharge({ storedStatus: null }));
      expect(ledger.pending(key)).toEqual([second]);
    },
  );

  it('replays the first response of a payment that has ended', async () => {
    const ledger = await ledgerOf(aPending(), aCharge({ storedStatus: null }));
    expect(ledger.keys.begin(request)).toEqual({ kind: 'replay', kept: aPending() });
  });

  it('stores no response for a charge that ignored its key', async () => {
    const ledger = await ledgerOf(aCharge({ storedStatus: null }));
    expect(ledger.keys.begin(request)).toEqual({ kind: 'execute' });
  });

  it('executes again after the key was forgotten', async () => {
    const ledger = await ledgerOf(aCharge(), aFault({ fault: 'forget-keys', storedStatus: null }));
    expect(ledger.keys.begin(request)).toEqual({ kind: 'execute' });
  });

  it('replays the newer response of a key that was forgotten and used again', async () => {
    const again = aCharge({ paymentIntentId: 'pi_two' });
    const forgotten = aFault({ fault: 'forget-keys', idempotencyKey: null, storedStatus: null });
    const ledger = await ledgerOf(aCharge(), forgotten, again);
    expect(ledger.keys.begin(request)).toEqual({ kind: 'replay', kept: again });
  });

  it('is empty after clear', async () => {
    const ledger = await ledgerOf(aCharge());
    await ledger.clear();
    expect([
      ledger.newestFirst(),
      ledger.entries(null),
      ledger.entries('one'),
      ledger.keys.begin(request),
    ]).toEqual([[], [], [], { kind: 'execute' }]);
  });
});
