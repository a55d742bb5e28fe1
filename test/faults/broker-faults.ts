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
/** A queue of long waits may have messages for longer; then it stays. */
const emptyWithinMs = 6_000;
/** Emptied by us, so it is empty once a broker that has just started, or is busy, has answered each `get`. */
const emptiedWithinMs = 60_000;
/** Some twice as long as RabbitMQ takes to tell. */
const electedWithinMs = 10_000;
/** What leaves a retry queue is on its way for a moment, and counted nowhere. */
const emptyForMs = 1_000;

/** What an operator, or a limit, does to a broker that goes on running. */
export class BrokerFaults {
  /** Dead letters that were taken out of their queue before it was removed. */
  readonly keptDeadLetters: DeadLetter[] = [];

  constructor(private readonly place: { management: Management; broker: Broker; vhost: string }) {}

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
   * left where it is.
   */
  async whileRemoved(what: Removable, work: () => Promise<void>): Promise<void> {
    await this.untilLeadersAreThere();
    switch (what) {
      case 'retry queues':
        await this.removeRetryQueues();
        return work();
      case 'receipts queue':
        await this.deleteQueue(receiptQueue);
        return work();
      case 'receipts binding':
        await this.unbind(receiptQueue);
        return work();
      case 'dead-letter queue':
        if (!(await this.removeWhenEmpty(deadLetterQueue, { by: () => this.keepDeadLetters() })))
          throw new Error('the dead-letter queue could not be removed: it was never empty');
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

  /** One after the other, from the shortest wait on. */
  private async removeRetryQueues(): Promise<void> {
    const { management, vhost } = this.place;
    let names: string[] = [];
    await untilDone(async () => {
      const all = await management.queueNames(vhost);
      names = all.filter((name) => name.startsWith(retryQueuePrefix));
    });
    const delayIn = (name: string): number => Number(name.slice(retryQueuePrefix.length));
    const removed: string[] = [];
    for (const name of names.sort((one, other) => delayIn(one) - delayIn(other)))
      if (await this.removeWhenEmpty(name)) removed.push(name);
    if (removed.length === 0) throw new Error('no retry queue could be removed: none was empty in time');
  }

  /**
   * Nothing may get in between the look that finds it empty and its end.
   * @param emptied how, where it does not become empty by itself
   * @returns whether it was empty in time, and is gone
   */
  private async removeWhenEmpty(queue: string, emptied?: { by: () => Promise<void> }): Promise<boolean> {
    await this.limit(`^${queue.replaceAll('.', '\\.')}$`, 0);
    try {
      let emptySince: number | undefined;
      const isRemoved = await eventually(
        async () => {
          await emptied?.by();
          const isEmpty = (await this.place.broker.depth(queue)) === 0;
          emptySince = isEmpty ? (emptySince ?? Date.now()) : undefined;
          return emptySince !== undefined && Date.now() - emptySince >= emptyForMs;
        },
        { withinMs: emptied ? emptiedWithinMs : emptyWithinMs, everyMs: 100 },
      ).catch(() => false);
      if (isRemoved) await this.deleteQueue(queue);
      return isRemoved;
    } finally {
      await this.endLimit();
    }
  }

  private async keepDeadLetters(): Promise<void> {
    await this.place.broker.takeDeadLetters((letter) => this.keptDeadLetters.push(letter));
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
