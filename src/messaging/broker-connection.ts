import { connect, type ChannelModel } from 'amqplib';
import type { Environment } from '../config/environment';

const CONNECT_TIMEOUT_MS = 5_000;

/** A connection for one errand, to the first node of the broker that answers. */
export async function connectToBroker({ rabbitmqUrls }: Environment): Promise<ChannelModel> {
  const failures: unknown[] = [];
  for (const url of rabbitmqUrls) {
    try {
      return await connect(url, { timeout: CONNECT_TIMEOUT_MS });
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0] instanceof Error ? failures[0] : new Error('RABBITMQ_URL names no broker');
}
