import type { Cluster } from 'ioredis';
import type { SendCalls } from './gathered-calls';
import type { RedisScript } from './redis-script';

/** On a Cluster, a script uses the keys of one slot, and thus of one call. */
export function pipelining(client: Cluster, script: RedisScript): SendCalls {
  return (calls) =>
    Promise.all(
      calls.map((call) =>
        script.runAll(client, [call]).then(
          ([reply]) => reply,
          (error: unknown) => error,
        ),
      ),
    );
}
