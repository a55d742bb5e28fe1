import DataLoader from 'dataloader';
import { isAboutValues } from './ledger-errors';

/** So many that the cost of a statement is small for each, and so few that others do not wait long. */
const MOST_AT_ONCE = 200;
/** While two are on their way the server is busy; what comes meanwhile shares the next one. */
const MOST_IN_FLIGHT = 2;
/** How long the first call waits for others: short beside a charge, and under load it halves the number of statements. */
const GATHER_MS = 5;

/** Sends calls of one kind together, and returns their replies in their order. */
type Send<Call, Reply> = (calls: readonly Call[]) => Promise<readonly Reply[]>;

/**
 * Gathers calls that come within milliseconds, or while others are on their way: each has its own reply, as if it had been
 * sent alone. Values that the database refuses make only their own call fail.
 */
export class Gathered<Call, Reply> {
  private readonly loader: DataLoader<Call, Reply>;
  private readonly waiting: (() => void)[] = [];
  private inFlight = 0;

  constructor(private readonly send: Send<Call, Reply>) {
    this.loader = new DataLoader<Call, Reply>((calls) => this.dispatch(calls), {
      cache: false,
      maxBatchSize: MOST_AT_ONCE,
      batchScheduleFn: (start) => setTimeout(() => this.startOrWait(start), GATHER_MS),
    });
  }

  run(call: Call): Promise<Reply> {
    return this.loader.load(call);
  }

  private startOrWait(start: () => void): void {
    if (this.inFlight >= MOST_IN_FLIGHT) this.waiting.push(start);
    else start();
  }

  private async dispatch(calls: readonly Call[]): Promise<readonly (Reply | Error)[]> {
    this.inFlight++;
    try {
      return await this.send(calls);
    } catch (error) {
      if (calls.length === 1 || !isAboutValues(error)) throw error;
      return await this.oneByOne(calls);
    } finally {
      this.inFlight--;
      this.waiting.shift()?.();
    }
  }

  private async oneByOne(calls: readonly Call[]): Promise<readonly (Reply | Error)[]> {
    const replies: (Reply | Error)[] = [];
    for (const call of calls) {
      const [reply] = await this.send([call]).catch((error: unknown) => [
        error instanceof Error ? error : new Error(String(error)),
      ]);
      replies.push(reply ?? new Error('the ledger gave no reply'));
    }
    return replies;
  }
}
