import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../../../src/dev/sandbox/journal';
import type { JournalEntry } from '../../../../src/dev/sandbox/journal-entry';
import { aCharge } from './entries';

describe('the journal', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'journal-'));
    file = join(folder, 'below', 'journal.jsonl');
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function written(...entries: JournalEntry[]): Promise<void> {
    const journal = await openJournal(file);
    await Promise.all(entries.map((entry) => journal.append(entry)));
    await journal.close();
  }

  async function recovered(): Promise<readonly JournalEntry[]> {
    const journal = await openJournal(file);
    await journal.close();
    return journal.recovered;
  }

  it('starts empty without a file', async () => {
    expect(await recovered()).toEqual([]);
  });

  it('returns every entry in order', async () => {
    const entries = ['a', 'b', 'c'].map((key) => aCharge({ idempotencyKey: key }));
    await written(...entries);
    expect(await recovered()).toEqual(entries);
  });

  it('has written the line when append resolves', async () => {
    const journal = await openJournal(file);
    await journal.append(aCharge());
    const content = await readFile(file, 'utf8');
    await journal.close();
    expect(content).toBe(`${JSON.stringify(aCharge())}\n`);
  });

  it('separates lines that are appended at the same time', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`);
    await written(...keys.map((key) => aCharge({ idempotencyKey: key })));
    expect((await recovered()).map(({ idempotencyKey }) => idempotencyKey)).toEqual(keys);
  });

  it('drops a half-written last line after a crash', async () => {
    await written(aCharge());
    await appendFile(file, JSON.stringify(aCharge()).slice(0, 40));
    expect(await recovered()).toEqual([aCharge()]);
  });

  it('continues after the valid lines if the last one was half-written', async () => {
    await written(aCharge());
    await appendFile(file, '{"at":"2026');
    const next = aCharge({ idempotencyKey: 'payment:two' });
    await written(next);
    expect(await recovered()).toEqual([aCharge(), next]);
  });

  it('rejects an invalid line among valid ones, and reports its position', async () => {
    await written(aCharge());
    await appendFile(file, 'not JSON\n');
    await expect(openJournal(file)).rejects.toThrow(`${file}:2 is not an entry`);
  });

  it.each([
    ['a pending payment without its time', { ...aCharge(), type: 'pending', status: 'processing' }],
    ['a charge without an intent', { ...aCharge(), paymentIntentId: null }],
    ['an unknown type', { ...aCharge(), type: 'refund' }],
    ['metadata that is not an object', { ...aCharge(), metadata: null }],
    ['a number as key', { ...aCharge(), idempotencyKey: 7 }],
    ['an array', []],
  ])('rejects %s', async (_what, line) => {
    await written();
    await writeFile(file, `${JSON.stringify(line)}\n`);
    await expect(openJournal(file)).rejects.toThrow('is not an entry');
  });

  it('is empty after clear, and accepts new entries', async () => {
    const journal = await openJournal(file);
    await journal.append(aCharge());
    await journal.clear();
    const next = aCharge({ idempotencyKey: 'payment:two' });
    await journal.append(next);
    await journal.close();
    expect(await recovered()).toEqual([next]);
  });

  it('fails every append after a write to the file has failed', async () => {
    const journal = await openJournal(file);
    await journal.close();
    const first = journal.append(aCharge()).catch(() => 'refused');
    expect([await first, await journal.append(aCharge()).catch(() => 'refused')]).toEqual([
      'refused',
      'refused',
    ]);
  });
});
