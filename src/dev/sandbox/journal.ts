import { existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isJournalEntry } from './journal-entry';
import type { JournalEntry } from './journal-entry';
import { parseJson } from './json-values';

/** The append-only log of all events. */
export interface Journal {
  /** The entries that it had when it was opened. */
  readonly recovered: readonly JournalEntry[];
  /** Resolves once the entry would survive a crash. After a failure every later call fails too. */
  append(entry: JournalEntry): Promise<void>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Opens or creates the journal in that file; `null` gives one in memory only. */
export async function openJournal(file: string | null): Promise<Journal> {
  if (file === null) return new MemoryJournal();
  mkdirSync(dirname(file), { recursive: true });
  const recovered = recover(file);
  return new FileJournal(await open(file, 'a'), recovered);
}

class MemoryJournal implements Journal {
  readonly recovered: readonly JournalEntry[] = [];

  async append(): Promise<void> {}

  async clear(): Promise<void> {}

  async close(): Promise<void> {}
}

class FileJournal implements Journal {
  private lines: string[] = [];
  private written: Promise<void> | undefined;
  private tail: Promise<void> = Promise.resolve();

  constructor(
    private readonly file: FileHandle,
    readonly recovered: readonly JournalEntry[],
  ) {}

  append(entry: JournalEntry): Promise<void> {
    this.lines.push(`${JSON.stringify(entry)}\n`);
    this.written ??= this.enqueue(() => this.writeLines());
    return this.written;
  }

  clear(): Promise<void> {
    return this.enqueue(async () => {
      await this.file.truncate(0);
      await this.file.datasync();
    });
  }

  close(): Promise<void> {
    return this.enqueue(() => this.file.close());
  }

  /** Lines that were added during the previous write are written together, with one sync. */
  private async writeLines(): Promise<void> {
    const text = this.lines.join('');
    this.lines = [];
    this.written = undefined;
    await this.file.appendFile(text);
    await this.file.datasync();
  }

  // One step at a time. After a failed step no other runs: a line after an incomplete one could not be read back.
  private enqueue(step: () => Promise<void>): Promise<void> {
    this.tail = this.tail.then(step);
    return this.tail;
  }
}

/** Reads the file, and removes an incomplete last line left by a crash: no request was answered because of it. */
function recover(file: string): JournalEntry[] {
  if (!existsSync(file)) return [];
  const content = readFileSync(file);
  const end = content.lastIndexOf('\n') + 1;
  if (end < content.length) truncateSync(file, end);
  const lines = content.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  return lines.map((line, index) => parseLine(line, `${file}:${index + 1}`));
}

function parseLine(line: string, place: string): JournalEntry {
  const value = parseJson(line);
  if (isJournalEntry(value)) return value;
  throw new Error(
    `${place} is not an entry of the sandbox's journal. Repair the line or start with another file.`,
  );
}
