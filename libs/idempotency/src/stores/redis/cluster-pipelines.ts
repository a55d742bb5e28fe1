import type { Cluster } from 'ioredis';
import type { RedisScript, ScriptCall } from './redis-script';

/**
 * Sends the calls of one turn as one pipeline for each node. On a Cluster a script may use the keys of one slot only, so each
 * call is a command of its own.
 *
 * The commands are sent one by one, and only the sockets wait for the end of the turn. So the client follows MOVED, ASK and
 * TRYAGAIN for the command that got it, and never repeats another one. Measured on three primaries, its own pipelines and
 * `enableAutoPipelining` took more time of Node.js, and both give such an error to the caller if only some commands get it.
 */
export function pipelining(
  client: Cluster,
  script: RedisScript,
): (calls: readonly ScriptCall[]) => Promise<readonly unknown[]> {
  return (calls) => {
    writeTogether(client);
    return Promise.all(
      calls.map((call) =>
        script.runAll(client, [call]).then(
          ([reply]) => reply,
          (error: unknown) => error,
        ),
      ),
    );
  };
}

/** What is sent to a node until the end of the current callback leaves in one write. */
function writeTogether(client: Cluster): void {
  const sockets = client
    .nodes('master')
    .filter(({ status }) => status === 'ready')
    .map(({ stream }) => stream);
  for (const socket of sockets) socket.cork();
  process.nextTick(() => {
    for (const socket of sockets) socket.uncork();
  });
}
