import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';

/** The keys and arguments of one step, in the order of its script's header. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** A Lua script that takes one step of one idempotency key. */
export class RedisScript {
  private readonly single: Script;
  private readonly gathered: Script;

  constructor(source: string) {
    this.single = new Script(source);
    this.gathered = new Script(gathering(source));
  }

  run(client: Redis | Cluster, { keys, args }: ScriptCall): Promise<unknown> {
    return this.single.run(client, { keys, args });
  }

  /**
   * Runs the step for many idempotency keys in one call, one after the other. Returns their replies in the same order; a
   * step that failed has its error as the reply, and does not stop the others.
   */
  async runAll(client: Redis, calls: readonly ScriptCall[]): Promise<unknown[]> {
    const keys: string[] = [];
    const args: (string | number)[] = [calls.length];
    for (const call of calls) {
      keys.push(...call.keys);
      args.push(...call.args);
    }
    const reply = await this.gathered.run(client, { keys, args });
    const replies: unknown[] = Array.isArray(reply) ? reply : [];
    if (replies.length === calls.length) return replies;
    throw new Error(`a gathered script gave ${replies.length} replies to ${calls.length} calls`);
  }
}

/** Sent as its hash, and in full only to a server that does not have it yet. */
class Script {
  private readonly sha1: string;

  constructor(private readonly source: string) {
    this.sha1 = createHash('sha1').update(source).digest('hex');
  }

  async run(client: Redis | Cluster, { keys, args }: ScriptCall): Promise<unknown> {
    try {
      return await client.evalsha(this.sha1, keys.length, ...keys, ...args);
    } catch (error) {
      // A restarted server, a new replica or SCRIPT FLUSH. Nothing ran, so sending it again is safe.
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) {
        return client.eval(this.source, keys.length, ...keys, ...args);
      }
      throw error;
    }
  }
}

/**
 * A script that runs the step of another script for each of several calls.
 * KEYS: the keys of all calls, one call after the other. ARGV: 1 number of calls, then their arguments in the same order.
 * Replies: an array with the reply or error of each call; on a replica only its error.
 */
function gathering(source: string): string {
  // Flags count only on the first line.
  const [flags = ''] = /^#!.*\n/.exec(source) ?? [];
  return `${flags}local function step(KEYS, ARGV)
${source.slice(flags.length)}
end

local calls = tonumber(ARGV[1])
local keys, args = #KEYS / calls, (#ARGV - 1) / calls
local own_keys, own_args, replies = {}, {}, {}
for call = 0, calls - 1 do
  for place = 1, keys do own_keys[place] = KEYS[call * keys + place] end
  for place = 1, args do own_args[place] = ARGV[1 + call * args + place] end
  local ok, reply = pcall(step, own_keys, own_args)
  if not ok then
    if type(reply) ~= 'table' then reply = { err = reply } end
    -- A replica: nothing was written for any call, and the client must see the error to look for the master.
    if string.sub(reply.err, 1, 8) == 'READONLY' then return reply end
  end
  replies[call + 1] = reply
end
return replies
`;
}
