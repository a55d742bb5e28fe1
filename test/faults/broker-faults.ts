import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '../support/broker';
import type { DeadLetter } from '../support/dead-letter';
import { eventually } from '../support/eventually';
import type { Management } from '../support/management';
import { deadLetterQueue, receiptQueue, retryQueuePrefix } from '../support/topology';
import { closeConnections } from './closed-connections';
import type { Removable } from './faults';
import { untilDone } from './until-done';

const policy = 'limit-copies';
/** More messages than any run has. */
const noLimit = 1_000_000;
/** About twice as long as RabbitMQ needs to report the leaders. */
const electedWithinMs = 10_000;
/** For messages in transit: a publish that was written before its process was frozen, and a message that leaves a queue. */
const inTransitMs = 1_500;

interface BrokerAccess {
  management: Management;
  broker: Broker;
  vhost: string;
  /** Runs the work while every process that publishes copies and dead letters is frozen. */
  whileFrozen(work: () => Promise<void>): Promise<void>;
}

/** What an operator, or a limit, does to a running broker. */
export class BrokerFaults {
  /** Dead letters that were taken out of their queue before it was removed. */
  readonly keptDeadLetters: DeadLetter[] = [];

  constructor(private readonly access: BrokerAccess) {}

  /** Acts like a full queue: the copies are not confirmed, so the originals must stay in their queue. */
  async refuseCopies(forMs: number): Promise<void> {
    await this.limit('\\.retry\\.', 0);
    await sleep(forMs);
    await this.endLimit();
  }

  async closeConnections(): Promise<void> {
    await closeConnections({ ...this.access, name: 'payment-consumer' });
  }

  /**
   * Removes a queue or binding, then does work that needs it. The service itself must put it back. Messages in the queue
   * must not be lost, because that loss would be the operator's fault and not the service's: a queue that holds messages
   * is emptied first or left alone, and nothing is published meanwhile. A queue limit cannot ensure that: it still accepts
   * one more message from each channel.
   */
  async whileRemoved(what: Removable, work: () => Promise<void>): Promise<void> {
    await this.untilLeadersElected();
    switch (what) {
      case 'retry queues':
        await this.access.whileFrozen(() => this.removeRetryQueues());
        return work();
      case 'receipts queue':
        await this.deleteQueue(receiptQueue);
        return work();
      case 'receipts binding':
        await this.unbind(receiptQueue);
        return work();
      case 'dead-letter queue':
        await this.keepDeadLetters();
        await this.access.whileFrozen(() => this.removeDeadLetterQueue());
        return work();
      case 'dead-letter binding':
        await this.unbind(deadLetterQueue);
        await work();
        // Only messages that the broker itself moves need the binding, and they wait; a process that connects declares it again.
        await this.closeConnections();
        return untilDone(async () => (await this.bindings(deadLetterQueue)).length > 0);
      default:
        return what satisfies never;
    }
  }

  private async removeRetryQueues(): Promise<void> {
    await sleep(inTransitMs);
    const { management, vhost } = this.access;
    let names: string[] = [];
    await untilDone(async () => {
      const all = await management.queueNames(vhost);
      names = all.filter((name) => name.startsWith(retryQueuePrefix));
    });
    const empty: string[] = [];
    for (const name of names) if (await this.isEmpty(name)) empty.push(name);
    if (empty.length === 0) throw new Error('no retry queue could be removed: none was empty');
    await sleep(inTransitMs);
    for (const name of empty) await this.deleteQueue(name);
  }

  /** All other publishers are frozen: only the broker itself can still add dead letters. */
  private async removeDeadLetterQueue(): Promise<void> {
    let kept: number;
    do {
      kept = this.keptDeadLetters.length;
      await sleep(inTransitMs);
      await this.keepDeadLetters();
    } while (this.keptDeadLetters.length > kept);
    await this.deleteQueue(deadLetterQueue);
  }

  private async isEmpty(queue: string): Promise<boolean> {
    let depth = 0;
    await untilDone(async () => {
      depth = await this.access.broker.depth(queue);
    });
    return depth === 0;
  }

  private async keepDeadLetters(): Promise<void> {
    await untilDone(() => this.access.broker.takeDeadLetters((letter) => this.keptDeadLetters.push(letter)));
  }

  private async deleteQueue(queue: string): Promise<void> {
    const { management, vhost } = this.access;
    await untilDone(async () => {
      if ((await management.queueNames(vhost)).includes(queue)) await management.deleteQueue(vhost, queue);
    });
  }

  /**
   * While queues elect their leaders, for example after a start, RabbitMQ 3.10 may lose the leader of one queue when another
   * queue is deleted, and gets none before its next restart. No service could repair that. A queue with a leader reports its
   * number of messages; a queue whose leader did not survive a start never reports one.
   */
  private async untilLeadersElected(): Promise<void> {
    const { management, vhost } = this.access;
    await eventually(
      async () => {
        const queues = await management.queues(vhost);
        return queues.every(({ messages }) => messages !== undefined);
      },
      { withinMs: electedWithinMs, everyMs: 250 },
    ).catch(() => undefined);
  }

  private async unbind(queue: string): Promise<void> {
    const { management, vhost } = this.access;
    await untilDone(async () => {
      for (const binding of await this.bindings(queue)) await management.unbind(vhost, queue, binding);
    });
  }

  private async bindings(queue: string): ReturnType<Management['bindings']> {
    const { management, vhost } = this.access;
    return management.bindings(vhost, queue);
  }

  private async limit(pattern: string, messages: number): Promise<void> {
    const { management, vhost } = this.access;
    const definition = { 'max-length': messages, overflow: 'reject-publish' };
    await untilDone(() => management.setPolicy(vhost, policy, { pattern, definition }));
  }

  /** Raises the limit instead of removing it: after a removal RabbitMQ 3.10 keeps refusing publishes on the same channels. */
  private async endLimit(): Promise<void> {
    await this.limit('^payments\\.', noLimit);
  }
}
