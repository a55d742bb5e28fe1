import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { scripts } from './scripts';

export type Argument = string | number;

/** One step of one idempotency key: its part of the script's keys and arguments, in the order of the script's header. */
export interface ScriptCall {
  readonly keys: readonly string[];
  /** The same for all calls that are sent together. */
  readonly shared: readonly Argument[];
  readonly args: readonly Argument[];
}

/** A Lua script. It is sent as its hash, and in full only to a server that does not have it yet. */
export class RedisScript {
  private readonly source: string;
  private readonly sha1: string;

  constructor(source: string) {
    this.source = withClaims(source);
    this.sha1 = createHash('sha1').update(this.source).digest('hex');
  }

  async run(client: Redis | Cluster, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    try {
      return await client.evalsha(this.sha1, keys.length, ...keys, ...args);
    } catch (error) {
      // A restarted server, a new replica or SCRIPT FLUSH. Nothing ran, so sending it again is safe.
      if (isNoScript(error)) return client.eval(this.source, keys.length, ...keys, ...args);
      throw error;
    }
  }

  /** Takes the step of each call, one after the other. A reply is an error if the step of its call failed. */
  async runAll(client: Redis | Cluster, calls: readonly ScriptCall[]): Promise<readonly unknown[]> {
    const reply = await this.run(client, keysOf(calls), argsOf(calls));
    const replies: unknown[] = Array.isArray(reply) ? reply : [];
    if (replies.length === calls.length) return replies;
    throw new Error(`a script gave ${replies.length} replies to ${calls.length} calls`);
  }
}

/** The first key of each call, then the second of each. */
function keysOf(calls: readonly ScriptCall[]): string[] {
  const keys: string[] = [];
  for (let place = 0; place < (calls[0]?.keys.length ?? 0); place++) {
    for (const call of calls) keys.push(call.keys[place] ?? '');
  }
  return keys;
}

function argsOf(calls: readonly ScriptCall[]): Argument[] {
  const args = [...(calls[0]?.shared ?? [])];
  for (const call of calls) args.push(...call.args);
  return args;
}

function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

/** Flags count only on the first line. */
function withClaims(source: string): string {
  const [flags = ''] = /^#!.*\n/.exec(source) ?? [];
  return `${flags}${scripts.claim}\n${source.slice(flags.length)}`;
}
