import { durationMs } from '../../faults/schedule';
import { loadOfTransfers } from '../../faults/transfer/load';
import { totalCents } from '../../faults/transfer/transfer';

const size = { seed: 7, operations: 600, faults: 20 };
const load = loadOfTransfers(size);
const byKey = new Map<string, typeof load>();
for (const message of load) byKey.set(message.key, [...(byKey.get(message.key) ?? []), message]);

describe('the load of a run with transfers', () => {
  it('is the same for the same seed, and differs for another seed', () => {
    expect(loadOfTransfers({ ...size })).toEqual(load);
    expect(loadOfTransfers({ ...size, seed: 8 })).not.toEqual(load);
  });

  it('has each transfer one to four times, always the same', () => {
    expect(byKey.size).toBe(size.operations);
    const copies = [...byKey.values()].map((messages) => messages.length);
    expect([...new Set(copies)].sort()).toEqual([1, 2, 3, 4]);
    for (const messages of byKey.values())
      expect(new Set(messages.map(({ transfer }) => JSON.stringify(transfer))).size).toBe(1);
  });

  it('has duplicates at the same moment, later, and after the end of the run', () => {
    const delays = [...byKey.values()].flatMap(([first, ...copies]) =>
      copies.map(({ atMs }) => ({ late: atMs - (first?.atMs ?? 0), isOver: atMs > durationMs(size) })),
    );
    expect(delays.some(({ late }) => late <= 10)).toBe(true);
    expect(delays.some(({ late, isOver }) => late > 500 && !isOver)).toBe(true);
    expect(delays.some(({ isOver }) => isOver)).toBe(true);
  });

  it('moves money between two accounts, and fails only where it must', () => {
    for (const { transfer, mustFail } of load) {
      expect(transfer.from).not.toBe(transfer.to);
      expect(transfer.cents > totalCents).toBe(mustFail);
    }
    expect(load.some(({ mustFail }) => mustFail)).toBe(true);
  });
});
