import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { COMMON_REASONS, type DeadLetter, type Delay } from './disposition';
import type { QueuePolicy } from './queue-policy';
import { WORK_QUEUES, type WorkQueue } from './topology';

/** How the processing of a message ended. */
const OUTCOMES = [
  /** The work was done, and its result recorded. */
  'processed',
  /** The result of an earlier run was replayed. */
  'duplicate',
  /** There was nothing to do, such as a receipt that was not asked for. */
  'ignored',
  /** A copy waits in a retry queue. */
  'delayed',
  'dead-lettered',
  /** Given back to the broker. */
  'requeued',
] as const;
export type MessageOutcome = (typeof OUTCOMES)[number];

/** From an answer by Redis to a slow gateway. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Counts and times messages. */
@Injectable()
export class MessageMetrics {
  private readonly messages: Counter<'queue' | 'outcome'>;
  private readonly duration: Histogram<'queue' | 'outcome'>;
  private readonly inProgress: Gauge<'queue'>;
  private readonly delayed: Counter<'queue' | 'reason'>;
  private readonly deadLettered: Counter<'queue' | 'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.messages = new Counter({
      name: 'payments_messages_total',
      help: 'Messages taken from a work queue, by how their processing ended.',
      labelNames: ['queue', 'outcome'],
      registers,
    });
    this.duration = new Histogram({
      name: 'payments_message_duration_seconds',
      help: 'Time from delivery to settlement: acknowledged, delayed or dead-lettered.',
      labelNames: ['queue', 'outcome'],
      buckets: SECONDS,
      registers,
    });
    this.inProgress = new Gauge({
      name: 'payments_messages_in_progress',
      help: 'Messages in flight: delivered and not settled yet.',
      labelNames: ['queue'],
      registers,
    });
    this.delayed = new Counter({
      name: 'payments_messages_delayed_total',
      help: 'Messages of which a copy was put into a retry queue, by reason.',
      labelNames: ['queue', 'reason'],
      registers,
    });
    this.deadLettered = new Counter({
      name: 'payments_messages_dead_lettered_total',
      help: 'Messages that this process moved to the dead letters, by reason.',
      labelNames: ['queue', 'reason'],
      registers,
    });
    for (const queue of WORK_QUEUES) this.startAtZero(queue);
  }

  /** A message was delivered. Call the returned function when it is settled. */
  started(queue: string): (outcome: MessageOutcome) => void {
    const startedAt = performance.now();
    this.inProgress.inc({ queue });
    return (outcome) => {
      this.inProgress.dec({ queue });
      this.messages.inc({ queue, outcome });
      this.duration.observe({ queue, outcome }, (performance.now() - startedAt) / 1000);
    };
  }

  settled(queue: string, disposition: Delay | DeadLetter): void {
    const counter = disposition.kind === 'delay' ? this.delayed : this.deadLettered;
    counter.inc({ queue, reason: disposition.reason });
  }

  /** A counter that appears with its first event hides that event from `increase()`. */
  startAtZero({ name: queue }: WorkQueue, reasons: QueuePolicy['reasons'] = COMMON_REASONS): void {
    this.inProgress.set({ queue }, 0);
    for (const outcome of OUTCOMES) this.messages.inc({ queue, outcome }, 0);
    for (const reason of reasons.delay) this.delayed.inc({ queue, reason }, 0);
    for (const reason of reasons.deadLetter) this.deadLettered.inc({ queue, reason }, 0);
  }
}
