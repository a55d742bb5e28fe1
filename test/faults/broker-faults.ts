import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '../support/broker';
import type { DeadLetter } from '../support/dead-letter';
import { eventually } from '../support/eventually';
import type { Management } from '../support/management';
import { deadLetterQueue, receiptQueue, retryQueuePrefix } from '../support/topology';
import type { Removable } from './faults';
import { untilDone } from './until-done';

const policy = 'limit-copies';
/** More than the run has messages. */
const noLimit = 1_000_000;
/** Some twice as long as RabbitMQ takes to tell. */
const electedWithinMs = 10_000;
/** For what is on its way: a publish that was written before its process was frozen, and a message that leaves a queue. */
const onItsWayMs = 1_500;

interface Place {
  management: Management;
  broker: Broker;
  vhost: string;
  /** While everyone is frozen who publishes copies and dead letters. */
  whileFrozen(work: () => Promise<void>): Promise<void>;
}

/** What an operator, or a limit, does to a broker that goes on running. */
export class BrokerFaults {
  /** Dead letters that were taken out of their queue before it was removed. */
  readonly keptDeadLetters: DeadLetter[] = [];

  constructor(private readonly place: Place) {}

  /** As a queue at its limit does: the copies are not confirmed, and the originals must stay where they are. */
  async refuseCopies(forMs: number): Promise<void> {
    await this.limit('\\.retry\\.', 0);
    await sleep(forMs);
    await this.endLimit();
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

  /**
   * Removes it, and then has work done that needs it. Nobody puts it back: that is for the service. What is in a queue
   * is not lost with it, for that would be the operator's own loss: a queue that holds messages is emptied first, or
   * left where it is, and nobody may publish meanwhile. A limit would not do: of each channel it lets one more in.
   */
  async whileRemoved(what: Removable, work: () => Promise<void>): Promise<void> {
    await this.untilLeadersAreThere();
    switch (what) {
      case 'retry queues':
        await this.place.whileFrozen(() => this.removeRetryQueues());
        return work();
      case 'receipts queue':
        await this.deleteQueue(receiptQueue);
        return work();
      case 'receipts binding':
        await this.unbind(receiptQueue);
        return work();
      case 'dead-letter queue':
        await this.keepDeadLetters();
        await this.place.whileFrozen(() => this.removeDeadLetterQueue());
        return work();
      case 'dead-letter binding':
        await this.unbind(deadLetterQueue);
        await work();
        // Only what the broker itself moves needs it, and that waits; a process that connects declares it anew.
        await this.closeConnections();
        return untilDone(async () => (await this.bindings(deadLetterQueue)).length > 0);
      default:
        return what satisfies never;
    }
  }

  private async removeRetryQueues(): Promise<void> {
    await sleep(onItsWayMs);
    const { management, vhost } = this.place;
    let names: string[] = [];
    await untilDone(async () => {
      const all = await management.queueNames(vhost);
      names = all.filter((name) => name.startsWith(retryQueuePrefix));
    });
    const empty: string[] = [];
    for (const name of names) if (await this.isEmpty(name)) empty.push(name);
    if (empty.length === 0) throw new Error('no retry queue could be removed: none was empty');
    await sleep(onItsWayMs);
    for (const name of empty) await this.deleteQueue(name);
  }

  /** Only the broker itself may still bring letters. */
  private async removeDeadLetterQueue(): Promise<void> {
    let kept: number;
    do {
      kept = this.keptDeadLetters.length;
      await sleep(onItsWayMs);
      await this.keepDeadLetters();
    } while (this.keptDeadLetters.length > kept);
    await this.deleteQueue(deadLetterQueue);
  }

  private async isEmpty(queue: string): Promise<boolean> {
    let depth = 0;
    await untilDone(async () => {
      depth = await this.place.broker.depth(queue);
    });
    return depth === 0;
  }

  private async keepDeadLetters(): Promise<void> {
    await untilDone(() => this.place.broker.takeDeadLetters((letter) => this.keptDeadLetters.push(letter)));
  }

  private async deleteQueue(queue: string): Promise<void> {
    const { management, vhost } = this.place;
    await untilDone(async () => {
      if ((await management.queueNames(vhost)).includes(queue)) await management.deleteQueue(vhost, queue);
    });
  }

  /**
   * While queues elect their leaders, as after a start, RabbitMQ 3.10 may lose the leader of one when another one is deleted,
   * and has none before it is started anew. Nothing that a service does could help. A leader tells how many messages it has;
   * one that a start could not bring back never does.
   */
  private async untilLeadersAreThere(): Promise<void> {
    const { management, vhost } = this.place;
    await eventually(
      async () => {
        const queues = await management.queues(vhost);
        return queues.every(({ messages }) => messages !== undefined);
      },
      { withinMs: electedWithinMs, everyMs: 250 },
    ).catch(() => undefined);
  }

  private async unbind(queue: string): Promise<void> {
    const { management, vhost } = this.place;
    await untilDone(async () => {
      for (const binding of await this.bindings(queue)) await management.unbind(vhost, queue, binding);
    });
  }

  private async bindings(queue: string): ReturnType<Management['bindings']> {
    const { management, vhost } = this.place;
    return management.bindings(vhost, queue);
  }

  private async limit(pattern: string, messages: number): Promise<void> {
    const { management, vhost } = this.place;
    const definition = { 'max-length': messages, overflow: 'reject-publish' };
    await untilDone(() => management.setPolicy(vhost, policy, { pattern, definition }));
  }

  /** Not removed: RabbitMQ 3.10 goes on refusing the same channels when a limit is removed, not when it is raised. */
  private async endLimit(): Promise<void> {
    await this.limit('^payments\\.', noLimit);
  }
}
