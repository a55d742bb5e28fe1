import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { DELIVERY_OUTCOMES, type DeliveryOutcome } from './delivery';
import { DEAD_LETTER_REASONS, DELAY_REASONS, type Disposition } from './disposition';
import { WORK_QUEUES } from './topology';

/** From an answer out of Redis to a gateway that takes its time. */
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
      help: 'From a message being handed to its subscriber until its disposition was sealed.',
      labelNames: ['queue', 'outcome'],
      buckets: SECONDS,
      registers,
    });
    this.inProgress = new Gauge({
      name: 'payments_messages_in_progress',
      help: 'Messages in flight: taken and not settled yet.',
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
    this.startAtZero();
  }

  /** A message is in flight; call what is returned when it no longer is. */
  begun(queue: string): (outcome: DeliveryOutcome) => void {
    const startedAt = performance.now();
    this.inProgress.inc({ queue });
    return (outcome) => {
      this.inProgress.dec({ queue });
      this.messages.inc({ queue, outcome });
      this.duration.observe({ queue, outcome }, (performance.now() - startedAt) / 1000);
    };
  }

  settled(queue: string, disposition: Disposition): void {
    const counter = disposition.kind === 'delay' ? this.delayed : this.deadLettered;
    counter.inc({ queue, reason: disposition.reason });
  }

  /** A counter that appears with its first event hides that event from `increase()`. */
  private startAtZero(): void {
    for (const { name: queue } of WORK_QUEUES) {
      this.inProgress.set({ queue }, 0);
      for (const outcome of DELIVERY_OUTCOMES) this.messages.inc({ queue, outcome }, 0);
      for (const reason of DELAY_REASONS) this.delayed.inc({ queue, reason }, 0);
      for (const reason of DEAD_LETTER_REASONS) this.deadLettered.inc({ queue, reason }, 0);
    }
  }
}
