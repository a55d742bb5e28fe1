import type { ScopedKey } from '../idempotency-store';
import { GatheredCalls } from '../gathered-calls';
import type { Database, Value } from './database';
import { isAboutOneCall } from './postgres-errors';

/**
 * While two statements are on their way, the server is busy; what comes meanwhile shares the next one. More at a time only
 * make each of them smaller.
 */
const MOST_IN_FLIGHT = 2;

/**
 * In characters. The driver makes one text of all values of a column, so large ones, sent together, would take longer than a
 * statement may, and fail for all calls. A value that is larger than this is sent alone.
 */
const MOST_TEXT = 1_000_000;

/** One call of a statement that takes many. */
export interface StatementCall {
  readonly name: ScopedKey;
  /** One value for each of the statement's arrays after those of scopes and keys. */
  readonly values: readonly Value[];
  /** The same for all calls that are sent together: the statement's last parameters. */
  readonly shared: readonly Value[];
}

/** The replies of a statement to calls, in their order. */
type RepliesOf<Row> = (rows: readonly Row[], calls: readonly StatementCall[]) => readonly unknown[];

/** A statement that gathers the calls of a turn of the event loop. */
export function gathered<Row extends object>(
  database: Database,
  { step, text, repliesOf }: { step: string; text: string; repliesOf: RepliesOf<Row> },
): GatheredCalls<StatementCall> {
  const send = async (calls: readonly StatementCall[]): Promise<readonly unknown[]> => {
    try {
      return repliesOf(await database.rowsOf<Row>(text, parametersOf(calls)), calls);
    } catch (error) {
      if (calls.length === 1 || !isAboutOneCall(error)) throw error;
      // The statement had no effect. A value of one call must not make the others fail.
      return Promise.all(calls.map((call) => send([call]).then(([reply]) => reply, errorFrom)));
    }
  };
  return new GatheredCalls({
    send: async (calls) => {
      const replies = new Map<StatementCall, unknown>();
      let failure: Error | undefined;
      for (const round of roundsOf(calls)) {
        // What was confirmed before stays confirmed; what would follow is not sent to a database that fails.
        const all = failure ?? (await send(round).catch(errorFrom));
        if (all instanceof Error) failure = all;
        round.forEach((call, place) => replies.set(call, all instanceof Error ? all : all[place]));
      }
      return calls.map((call) => replies.get(call));
    },
    isAlike: (one, other) => one.shared.every((value, place) => value === other.shared[place]),
    mostInFlight: MOST_IN_FLIGHT,
    failureOf: (error) => database.failureOf(step, error),
  });
}

/** For a statement that returns the keys of the rows which it changed: whether that of each call is among them. */
export const wasChanged: RepliesOf<ScopedKey> = (rows, calls) => {
  const changed = new Set(rows.map(textOf));
  return calls.map(({ name }) => changed.has(textOf(name)));
};

/**
 * A statement changes a row only once, so a call for the same key takes its turn in the next one, and so does one whose values
 * are too large for this one.
 */
function roundsOf(calls: readonly StatementCall[]): (readonly StatementCall[])[] {
  const rounds: StatementCall[][] = [];
  let left = calls;
  while (left.length > 0) {
    const names = new Set<string>();
    const later: StatementCall[] = [];
    const round: StatementCall[] = [];
    let size = 0;
    for (const call of left) {
      const name = textOf(call.name);
      const larger = size + sizeOf(call);
      const fits = round.length === 0 || larger <= MOST_TEXT;
      if (fits && !names.has(name)) {
        round.push(call);
        size = larger;
      } else later.push(call);
      names.add(name);
    }
    rounds.push(round);
    left = later;
  }
  return rounds;
}

function sizeOf({ values }: StatementCall): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
}

export function parametersOf(calls: readonly StatementCall[]): (Value | Value[])[] {
  const columns = calls[0]?.values.map((_, place) => calls.map(({ values }) => values[place] ?? null)) ?? [];
  return [
    calls.map(({ name }) => name.scope),
    calls.map(({ name }) => name.key),
    ...columns,
    ...(calls[0]?.shared ?? []),
  ];
}

/** Neither a scope nor a key can contain a line feed. */
function textOf({ scope, key }: ScopedKey): string {
  return `${scope}\n${key}`;
}

function errorFrom(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
