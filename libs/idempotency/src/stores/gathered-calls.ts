/**
 * So many that the cost of the command itself is small; so few that other clients of the store do not wait long, and that
 * this process handles the first replies while the store runs the next calls.
 */
const MOST_AT_ONCE = 64;

/** How calls are sent together. */
export interface Sending<Call> {
  /** Each reply is an error if its call alone has failed. */
  readonly send: (calls: readonly Call[]) => Promise<readonly unknown[]>;
  /** Whether a call may be sent together with another one. Default: with each. */
  readonly isAlike?: (one: Call, other: Call) => boolean;
  /** How many sendings may wait for their replies at a time; calls wait meanwhile. Default: without a limit. */
  readonly mostInFlight?: number;
  /** Turns an error of the client or the server into the error for the caller. */
  readonly failureOf: (error: unknown) => unknown;
}

interface WaitingCall<Call> {
  readonly call: Call;
  /** Resolves the call; throws if the reply cannot be read. */
  readonly take: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends all calls of one turn of the event loop together: on both sides, the number of commands costs far more than the
 * work of a step. A single call is also sent at the end of its turn.
 */
export class GatheredCalls<Call> {
  private waiting: WaitingCall<Call>[] = [];
  private inFlight = 0;

  constructor(private readonly sending: Sending<Call>) {}

  /** Settles as if the call had been sent alone: a failure of another call does not affect it. */
  run<Reply>(call: Call, parse: (reply: unknown) => Reply): Promise<Reply> {
    return new Promise((resolve, reject) => {
      // After everything that arrived in this turn, on any connection, and before the event loop waits for more.
      if (this.waiting.length === 0 && this.mayBeSent) setImmediate(() => this.send());
      this.waiting.push({ call, take: (reply) => resolve(parse(reply)), reject });
    });
  }

  private get mayBeSent(): boolean {
    return this.inFlight < (this.sending.mostInFlight ?? Infinity);
  }

  private send(): void {
    const calls = this.waiting;
    this.waiting = [];
    for (const alike of this.groupsOf(calls)) {
      for (let from = 0; from < alike.length; from += MOST_AT_ONCE) {
        const together = alike.length <= MOST_AT_ONCE ? alike : alike.slice(from, from + MOST_AT_ONCE);
        if (this.mayBeSent) void this.sendTogether(together);
        else this.waiting.push(...together);
      }
    }
  }

  private async sendTogether(calls: readonly WaitingCall<Call>[]): Promise<void> {
    this.inFlight++;
    try {
      const replies = await this.sending.send(calls.map(({ call }) => call));
      calls.forEach((call, index) => this.answer(call, replies[index]));
    } catch (error) {
      // No reply to any call: each caller must handle that its step may have been taken or not.
      for (const { reject } of calls) reject(this.sending.failureOf(error));
    } finally {
      this.inFlight--;
      if (this.waiting.length > 0) setImmediate(() => this.send());
    }
  }

  private answer({ take, reject }: WaitingCall<Call>, reply: unknown): void {
    if (reply instanceof Error) return reject(this.sending.failureOf(reply));
    try {
      take(reply);
    } catch (error) {
      reject(error);
    }
  }

  /** The calls by what may be sent together; a turn rarely has more than one group. */
  private groupsOf(calls: readonly WaitingCall<Call>[]): (readonly WaitingCall<Call>[])[] {
    const { isAlike } = this.sending;
    const [first] = calls;
    if (!isAlike || !first || calls.every(({ call }) => isAlike(first.call, call))) return [calls];
    const groups: WaitingCall<Call>[][] = [];
    for (const waiting of calls) {
      const group = groups.find(([one]) => one && isAlike(one.call, waiting.call));
      if (group) group.push(waiting);
      else groups.push([waiting]);
    }
    return groups;
  }
}
