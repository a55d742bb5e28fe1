import { Injectable, Logger } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { Counter, Registry } from 'prom-client';
import { amqpInstant } from 'nestjs-idempotent/rabbitmq';

/** What is wrong with a publisher's `timestamp`: its unit, or its clock. */
export const CLOCK_PROBLEMS = ['milliseconds', 'microseconds', 'nanoseconds', 'ahead'] as const;
export type ClockProblem = (typeof CLOCK_PROBLEMS)[number];

/** Clocks synchronised by NTP differ by far less; AMQP counts in whole seconds. */
const NOTABLE_MS = 10_000;
/** Publishers choose their names: after so many, no new name is remembered or logged. */
const MOST_NAMES = 1_000;
/** Names that are logged; nine digits in a row may be part of a card number. */
const NAME = /^(?!.*\d{9})[\w.:@/-]{1,64}$/;

/** Watches the clocks of publishers: warns once about each wrong clock, and counts its messages. */
@Injectable()
export class PublisherClocks {
  private readonly logger = new Logger(PublisherClocks.name);
  private readonly warned = new Set<string>();
  private readonly counter: Counter<'problem'>;

  constructor(registry: Registry) {
    this.counter = new Counter({
      name: 'payments_publisher_clock_problems_total',
      help: 'Messages whose timestamp is not in seconds, or ahead of our clock by more than 10 s, by problem.',
      labelNames: ['problem'],
      registers: [registry],
    });
    for (const problem of CLOCK_PROBLEMS) this.counter.inc({ problem }, 0);
  }

  /** Call it for each message. Messages from a retry queue are skipped, because they were counted before. */
  watch({ properties }: ConsumeMessage): void {
    if (properties.headers?.['x-death'] !== undefined) return;
    for (const problem of problemsOf(properties.timestamp, Date.now())) {
      this.counter.inc({ problem });
      this.warnOnce(nameIn(properties), problem);
    }
  }

  private warnOnce(publisher: string, problem: ClockProblem): void {
    const name = `${publisher} ${problem}`;
    if (this.warned.has(name) || this.warned.size >= MOST_NAMES) return;
    this.warned.add(name);
    this.logger.warn({ publisher, problem }, ADVICE[problem]);
  }
}

const WRONG_UNIT =
  'A publisher writes its timestamps in another unit; they are read, but AMQP counts in seconds';
const ADVICE: Record<ClockProblem, string> = {
  milliseconds: WRONG_UNIT,
  microseconds: WRONG_UNIT,
  nanoseconds: WRONG_UNIT,
  ahead:
    "A publisher's clock is ahead of ours; beyond PUBLISHER_CLOCK_TOLERANCE its requests are rejected. Synchronise it by NTP",
};

export function problemsOf(timestamp: unknown, now: number): ClockProblem[] {
  const read = amqpInstant(timestamp);
  if (!read) return [];
  const { unit, instant } = read;
  return [
    ...(unit === 'seconds' ? [] : [unit]),
    ...(instant.getTime() > now + NOTABLE_MS ? (['ahead'] as const) : []),
  ];
}

/** Only for the log: the broker checks `userId`, but not `appId`. */
function nameIn({ appId, userId }: ConsumeMessage['properties']): string {
  const names: unknown[] = [appId, userId];
  return names.filter((name) => typeof name === 'string').find((name) => NAME.test(name)) ?? 'unknown';
}
