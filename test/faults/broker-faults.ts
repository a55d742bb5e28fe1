import { setTimeout as sleep } from 'node:timers/promises';
import type { Management } from '../support/management';
import { untilDone } from './until-done';

const policy = 'refuse-copies';

/** What an operator, or a limit, does to a broker that goes on running. */
export class BrokerFaults {
  constructor(private readonly place: { management: Management; vhost: string }) {}

  /** As a queue at its limit does: the copies are not confirmed, and the originals must stay where they are. */
  async refuseCopies(forMs: number): Promise<void> {
    const { management, vhost } = this.place;
    const limitTo = (messages: number): Promise<void> => {
      const definition = { 'max-length': messages, overflow: 'reject-publish' };
      return untilDone(() => management.setPolicy(vhost, policy, { pattern: '\\.retry\\.', definition }));
    };
    await limitTo(0);
    await sleep(forMs);
    // Not removed: RabbitMQ 3.10 goes on refusing the same channels when a limit is removed, not when it is raised.
    await limitTo(1_000_000);
  }

  async closeConnections(): Promise<void> {
    const { management, vhost } = this.place;
    await untilDone(async () => {
      const connections = await management.connections(vhost);
      const ours = connections.filter(({ user_provided_name: name }) => name === 'payment-consumer');
      // Management learns of a connection seconds after it was opened; without one this would be a fault in name only.
      if (ours.length === 0) throw new Error('no consumer is connected');
      // One that ended by itself meanwhile is as good.
      await Promise.allSettled(ours.map(({ name }) => management.closeConnection(String(name))));
    });
  }
}
