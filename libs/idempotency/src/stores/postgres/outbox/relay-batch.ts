import type { Pool } from 'pg';
import { BrokerUnavailableError, type OutboxMessage } from '../../../outbox/outbox';
import { inBatchTransaction } from './batch-transaction';
import type { OutboxEvents } from './outbox-events';
import { byRequest, type OutboxRow, type TakenMessage } from './outbox-row';
import type { OutboxStatements } from './outbox-statements';
import { retryWaitMs } from './relay-waits';

/** So many requests are published at once: enough for the broker to confirm many together. */
const MOST_REQUESTS = 100;
/** And so many messages of them are in memory. */
const MOST_MESSAGES = 1_000;

/** What a batch needs of its relay. */
interface BatchParts {
  readonly pool: Pool;
  readonly statements: OutboxStatements;
  readonly events: OutboxEvents;
  readonly publish: (message: OutboxMessage) => Promise<void>;
  readonly publishTimeoutMs: number;
  readonly isStopping: () => boolean;
}

/** How a batch ended. `isFull`: there are more messages that wait. */
export interface BatchEnd {
  readonly published: number;
  /** Requests whose next message was not published, for whatever reason. */
  readonly failed: number;
  readonly isFull: boolean;
}

/** What happened to the messages of one request. */
interface RequestEnd {
  readonly published: readonly OutboxMessage[];
  readonly failed?: { readonly message: OutboxMessage; readonly waitMs: number };
  readonly unavailable?: BrokerUnavailableError;
}

/**
 * Publishes a batch and removes from the outbox what was confirmed, in one transaction. Whatever happens before COMMIT, the
 * messages stay, and are published again with the same keys.
 *
 * @throws errors of the database
 */
export async function publishBatch(parts: BatchParts): Promise<BatchEnd> {
  const { pool, statements, publishTimeoutMs, events } = parts;
  // A batch starts no publish after one such time, and waits for the last one no longer than that.
  const idleMs = 3 * publishTimeoutMs;
  return inBatchTransaction(pool, idleMs, async (send) => {
    const rows = await send<OutboxRow>(statements.take, [MOST_REQUESTS, MOST_MESSAGES]);
    const requests = byRequest(rows);
    const takenAt = performance.now();
    const ends = await Promise.all(requests.map((messages) => publishInOrder(messages, takenAt, parts)));
    const published = ends.flatMap((end) => end.published);
    const failed = ends.flatMap((end) => end.failed ?? []);
    const unavailable = ends.flatMap((end) => end.unavailable ?? []);
    if (published.length > 0) await send(statements.remove, columnsOf(published));
    if (failed.length > 0)
      await send(statements.delay, [
        ...columnsOf(failed.map(({ message }) => message)),
        failed.map(({ waitMs }) => waitMs),
      ]);
    const [error] = unavailable;
    if (error) events.tell({ kind: 'broker-unavailable', error });
    return {
      published: published.length,
      failed: failed.length + unavailable.length,
      isFull: requests.length === MOST_REQUESTS || rows.length === MOST_MESSAGES,
    };
  });
}

/** The next message of a request is published when the broker has confirmed the one before it. Never rejects. */
async function publishInOrder(
  messages: readonly TakenMessage[],
  takenAt: number,
  { publish, publishTimeoutMs, isStopping, events }: BatchParts,
): Promise<RequestEnd> {
  const published: OutboxMessage[] = [];
  for (const { message, failures, waitedMs } of messages) {
    // Also after a freeze: another relay may have the messages by then.
    if (isStopping() || performance.now() - takenAt > publishTimeoutMs) break;
    try {
      await within(publishTimeoutMs, publish(message));
    } catch (error) {
      if (error instanceof BrokerUnavailableError) return { published, unavailable: error };
      const retryInMs = retryWaitMs(failures);
      events.tell({ kind: 'failed', message, error, failures: failures + 1, retryInMs });
      return { published, failed: { message, waitMs: retryInMs } };
    }
    published.push(message);
    events.tell({ kind: 'published', message, lagMs: Math.round(waitedMs + performance.now() - takenAt) });
  }
  return { published };
}

async function within(timeoutMs: number, published: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`publish() has not resolved within ${timeoutMs} ms`));
    timer = setTimeout(late, timeoutMs);
  });
  try {
    await Promise.race([published, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function columnsOf(messages: readonly OutboxMessage[]): string[][] {
  return [messages.map(({ scope }) => scope), messages.map(({ key }) => key), messages.map(({ id }) => id)];
}
