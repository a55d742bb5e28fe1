import type { Management } from '../support/management';
import { untilDone } from './until-done';

/** Closes, from the broker's side, the connections of all clients with this name. */
export async function closeConnections({
  management,
  vhost,
  name,
}: {
  management: Management;
  vhost: string;
  name: string;
}): Promise<void> {
  await untilDone(async () => {
    const connections = await management.connections(vhost);
    const wanted = connections.filter((connection) => connection.user_provided_name === name);
    // Management lists a connection only seconds after it was opened; without one this fault would do nothing.
    if (wanted.length === 0) throw new Error('no consumer is connected');
    // A connection that has ended meanwhile also counts as closed.
    await Promise.allSettled(wanted.map((connection) => management.closeConnection(String(connection.name))));
  });
}
