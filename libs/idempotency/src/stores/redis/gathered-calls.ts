import type { Redis } from 'ioredis';
import type { RedisScript, ScriptCall } from './redis-script';

/**
 * So many that the cost of the command itself is small; so few that other clients of Redis do not wait long, and that this
 * process handles the first replies while Redis runs the next calls.
 */
const MOST_AT_ONCE = 32;

interface WaitingCall extends ScriptCall {
  /** Resolves the call; throws if the reply cannot be read. */
  readonly take: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends all calls of one turn of the event loop as one command: on both sides, the number of commands costs far more than
 * the work of a script. A single call is also sent at the end of its turn.
 */
export class GatheredCalls {
  private waiting: WaitingCall[] = [];

  /** @param failureOf turns an error of Redis or the client into the error for the caller */
  constructor(
    private readonly client: Redis,
    private readonly script: RedisScript,
    private readonly failureOf: (error: unknown) => unknown,
  ) {}

  /** Settles as if the call had been sent alone: a failure of another call does not affect it. */
  run<Reply>({ keys, args }: ScriptCall, parse: (reply: unknown) => Reply): Promise<Reply> {
    return new Promise((resolve, reject) => {
      // After everything that arrived in this turn, on any connection, and before the event loop waits for more.
      if (this.waiting.length === 0) setImmediate(() => this.send());
      this.waiting.push({ keys, args, take: (reply) => resolve(parse(reply)), reject });
    });
  }

  private send(): void {
    const calls = this.waiting;
    this.waiting = [];
    for (let from = 0; from < calls.length; from += MOST_AT_ONCE) {
      void this.sendTogether(calls.slice(from, from + MOST_AT_ONCE));
    }
  }

  private async sendTogether(calls: readonly WaitingCall[]): Promise<void> {
    try {
      const replies = await this.script.runAll(this.client, calls);
      calls.forEach((call, index) => this.answer(call, replies[index]));
    } catch (error) {
      // No reply to any call: each caller must handle that its step may have been taken or not.
      for (const { reject } of calls) reject(this.failureOf(error));
    }
  }

  private answer({ take, reject }: WaitingCall, reply: unknown): void {
    if (reply instanceof Error) return reject(this.failureOf(reply));
    try {
      take(reply);
    } catch (error) {
      reject(error);
    }
  }
}
