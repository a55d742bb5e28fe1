import { connect, type ChannelModel } from 'amqplib';
import type { Environment } from '../config/environment';

const CONNECT_TIMEOUT_MS = 5_000;

/** A connection for one errand, to the first node of the broker that answers. */
export async function connectToBroker({ rabbitmqUrls }: Environment): Promise<ChannelModel> {
  const failures: unknown[] = [];
  for (const url of rabbitmqUrls) {
    try {
      // Without delay, because an errand is many small questions, each asked when the one before is answered.
      const connection = await connect(url, { timeout: CONNECT_TIMEOUT_MS, noDelay: true });
      // What is under way then is rejected. Without a listener it would end the process in the middle of its own clean-up.
      connection.on('error', () => undefined);
      return connection;
    } catch (error) {
      failures.push(error);
    }
  }
  const [cause] = failures;
  const hosts = rabbitmqUrls.map((url) => new URL(url).host).join(', ');
  const reason = cause instanceof Error ? cause.message : 'it names no broker';
  throw new Error(
    `RabbitMQ is not reachable at ${hosts}: ${reason}; set RABBITMQ_URL to the broker that the service uses`,
    { cause },
  );
}
