import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster, Redis } from 'ioredis';

/** A Lua script of this folder, sent by its hash and in full only to a server that does not know it yet. */
export class RedisScript {
  private readonly source: string;
  private readonly sha1: string;

  constructor(file: string) {
    this.source = readFileSync(join(__dirname, file), 'utf8');
    this.sha1 = createHash('sha1').update(this.source).digest('hex');
  }

  async run(client: Redis | Cluster, keys: string[], args: (string | number)[]): Promise<unknown> {
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
