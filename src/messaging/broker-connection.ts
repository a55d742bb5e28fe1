import { connect, type ChannelModel } from 'amqplib';
import type { Environment } from '../config/environment';

const CONNECT_TIMEOUT_MS = 5_000;

/** A connection for one short task, to the first node of the broker that answers. */
export async function connectToBroker({ rabbitmqUrls }: Environment): Promise<ChannelModel> {
  const failures: unknown[] = [];
  for (const url of rabbitmqUrls) {
    try {
      // No delay (Nagle): a task sends many small requests, each after the reply to the one before.
      const connection = await connect(url, { timeout: CONNECT_TIMEOUT_MS, noDelay: true });
      // Pending calls are rejected anyway. Without a listener the error would end the process in the middle of its clean-up.
      connection.on('error', () => undefined);
      return connection;
    } catch (error) {
      failures.push(error);
    }
  }
  const [cause] = failures;
  const hosts = rabbitmqUrls.map((url) => new URL(url).host).join(', ');
  const reason = cause instanceof Error ? cause.message : 'no URL is configured';
  throw new Error(
    `RabbitMQ is not reachable at ${hosts}: ${reason}; set RABBITMQ_URL to the broker that the service uses`,
    { cause },
  );
}
