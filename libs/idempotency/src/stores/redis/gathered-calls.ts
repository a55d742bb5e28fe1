import type { Argument, ScriptCall } from './redis-script';

/**
 * So many that the cost of the command itself is small; so few that other clients of Redis do not wait long, and that this
 * process handles the first replies while Redis runs the next calls.
 */
const MOST_AT_ONCE = 64;

/** Sends calls with the same shared arguments. Each reply is an error if its call alone has failed. */
export type SendCalls = (calls: readonly ScriptCall[]) => Promise<readonly unknown[]>;

interface WaitingCall extends ScriptCall {
  /** Resolves the call; throws if the reply cannot be read. */
  readonly take: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends all calls of one turn of the event loop together: on both sides, the number of commands costs far more than the
 * work of a script. A single call is also sent at the end of its turn.
 */
export class GatheredCalls {
  private waiting: WaitingCall[] = [];

  /** @param failureOf turns an error of Redis or the client into the error for the caller */
  constructor(
    private readonly sendCalls: SendCalls,
    private readonly failureOf: (error: unknown) => unknown,
  ) {}

  /** Settles as if the call had been sent alone: a failure of another call does not affect it. */
  run<Reply>({ keys, shared, args }: ScriptCall, parse: (reply: unknown) => Reply): Promise<Reply> {
    return new Promise((resolve, reject) => {
      // After everything that arrived in this turn, on any connection, and before the event loop waits for more.
      if (this.waiting.length === 0) setImmediate(() => this.send());
      this.waiting.push({ keys, shared, args, take: (reply) => resolve(parse(reply)), reject });
    });
  }

  private send(): void {
    const calls = this.waiting;
    this.waiting = [];
    for (const alike of groupsOf(calls)) {
      for (let from = 0; from < alike.length; from += MOST_AT_ONCE) {
        void this.sendTogether(alike.length <= MOST_AT_ONCE ? alike : alike.slice(from, from + MOST_AT_ONCE));
      }
    }
  }

  private async sendTogether(calls: readonly WaitingCall[]): Promise<void> {
    try {
      const replies = await this.sendCalls(calls);
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

/** The calls by their shared arguments, of which a turn rarely has more than one list. */
function groupsOf(calls: readonly WaitingCall[]): (readonly WaitingCall[])[] {
  const shared = calls[0]?.shared ?? [];
  if (calls.every((call) => isSameList(call.shared, shared))) return [calls];
  const groups: WaitingCall[][] = [];
  for (const call of calls) {
    const group = groups.find(([first]) => first && isSameList(first.shared, call.shared));
    if (group) group.push(call);
    else groups.push([call]);
  }
  return groups;
}

function isSameList(one: readonly Argument[], other: readonly Argument[]): boolean {
  return one.every((value, place) => value === other[place]);
}
