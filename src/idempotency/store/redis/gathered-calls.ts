import type { Redis } from 'ioredis';
import type { RedisScript, ScriptCall } from './redis-script';

/**
 * Enough that the command itself costs hardly anything; so few that other clients of Redis do not wait long, and that
 * this process works on the first answers while Redis works on the next ones.
 */
const MOST_AT_ONCE = 32;

interface WaitingCall extends ScriptCall {
  /** Throws for a reply that nobody can read. */
  readonly take: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the calls of one turn of the event loop into one call of Redis: what costs is the number of commands, on
 * either side, and hardly what a script does. A call that is alone goes out at the end of the same turn, too.
 */
export class GatheredCalls {
  private waiting: WaitingCall[] = [];

  /** @param failureOf makes of what Redis or the client says what the caller gets */
  constructor(
    private readonly client: Redis,
    private readonly script: RedisScript,
    private readonly failureOf: (error: unknown) => unknown,
  ) {}

  /** Settles as the call alone would have: the failure of another one is not its own. */
  run<Reply>({ keys, args }: ScriptCall, parse: (reply: unknown) => Reply): Promise<Reply> {
    return new Promise((resolve, reject) => {
      // After all that has arrived in this turn, on any connection, and before the loop waits for more.
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
      // No answer to any of them: each caller must be right whether its step was taken or not.
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
