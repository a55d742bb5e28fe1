import 'reflect-metadata';
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpConnection, RabbitMQModule, RabbitPayload, RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Channel, ConsumeMessage } from 'amqplib';
import type { FailureHandler, IdempotencyContext as Context, Transactions } from 'nestjs-idempotent';
import { Pool } from 'pg';
import { ChannelGuard } from '../../../src/messaging/channel-guard';
import { ConnectionUpkeep } from '../../../src/messaging/connection-upkeep';
import { farewell } from '../crash-point-names';
import type { TransferCrashPoint } from './crash-point-names';
import { consumerConnection, keyHeader, leaseMs, noticeQueue, scope, transferQueue } from './transfer';
import type { Balances, Transfer } from './transfer';

// A consumer of transfers, as a program. The library is that of the build under test, which may be a mutant.
const fromBuild = createRequire(resolve(given('BUILD'), 'main.js'));
const { Idempotent, IdempotencyContext, IdempotencyEvents, IdempotencyModule } = fromBuild(
  'nestjs-idempotent',
) as typeof import('nestjs-idempotent');
const { OutboxRelay, pgTransactions, PostgresIdempotencyStore } = fromBuild(
  'nestjs-idempotent/postgres',
) as typeof import('nestjs-idempotent/postgres');
const { publishWith, rabbitmq } = fromBuild(
  'nestjs-idempotent/rabbitmq',
) as typeof import('nestjs-idempotent/rabbitmq');

const armed = process.env.CRASH_AT;
const channel = 'transfers';
/** More than connections for their transactions, so that some claimed keys wait for one. */
const prefetchCount = 12;
const pools = { keys: poolOf(3), work: poolOf(5), messages: poolOf(4) };

class InsufficientFundsError extends Error {}

/** A message that was not processed goes back to the broker, a little later. */
@Injectable()
class TransferFailures implements FailureHandler<ConsumeMessage> {
  async handle(): Promise<'requeue'> {
    await sleep(100 + Math.random() * 200);
    return 'requeue';
  }
}

@Injectable()
class TransferConsumer {
  @RabbitSubscribe({
    queue: transferQueue,
    createQueueIfNotExists: false,
    queueOptions: { channel },
    errorHandler: requeue,
  })
  @Idempotent({
    scope,
    transaction: true,
    key: ({ headers }) => keyIn(headers),
    rememberError: (error) => error instanceof InsufficientFundsError,
    onFailure: TransferFailures,
  })
  async move(
    @RabbitPayload() { from, to, cents, workMs }: Transfer,
    @IdempotencyContext() context: Context,
  ): Promise<Balances> {
    const { key, transaction } = context;
    // First of all, so that a transfer that cannot be done takes its message back.
    await context.publish('', noticeQueue, { key });
    if (workMs > 0) await transaction.query('SELECT pg_sleep($1)', [workMs / 1_000]);
    // Not in the order of their names: two transfers in opposite directions may meet in a deadlock.
    const source = await change(transaction, from, -cents);
    if (source === undefined) throw new InsufficientFundsError(`${from} has less than ${cents} cents`);
    const target = await change(transaction, to, cents);
    await transaction.query('INSERT INTO transfers VALUES ($1, $2, $3, $4)', [key, from, to, cents]);
    at('after-effect');
    return { from: source, to: target ?? 0 };
  }
}

/** The new balance; undefined if there is not enough on the account. */
async function change(
  transaction: Context['transaction'],
  account: string,
  cents: number,
): Promise<number | undefined> {
  const { rows } = await transaction.query<{ balance: number }>(
    `UPDATE accounts SET balance = balance + $1 WHERE id = $2 AND balance + $1 >= 0
     RETURNING balance::float8 AS balance`,
    [cents, account],
  );
  return rows[0]?.balance;
}

function crashing(transactions: Transactions): Transactions {
  return {
    run: async (work) => {
      const result = await transactions.run(async (transaction) => {
        at('before-effect');
        const done = await work(transaction);
        at('before-commit');
        return done;
      });
      at('after-commit');
      return result;
    },
  };
}

const messaging = RabbitMQModule.forRoot({
  uri: given('RABBITMQ_URL'),
  channels: { topology: { default: true }, [channel]: { prefetchCount } },
  enableDirectReplyTo: false,
  connectionInitOptions: { wait: false },
  connectionManagerOptions: {
    heartbeatIntervalInSeconds: 5,
    reconnectTimeInSeconds: 1,
    connectionOptions: { noDelay: true, clientProperties: { connection_name: consumerConnection } },
  },
});

@Module({
  imports: [
    messaging,
    IdempotencyModule.forRootAsync({
      imports: [messaging],
      inject: [AmqpConnection],
      useFactory: (connection: AmqpConnection) => ({
        store: new PostgresIdempotencyStore(pools.keys, { timeoutMs: 2_000 }),
        transactions: crashing(pgTransactions(pools.work)),
        outbox: new OutboxRelay(pools.messages, {
          publish: publishWith(connection),
          publishTimeoutMs: 2_000,
        }),
        handlers: [rabbitmq()],
        ttlSeconds: 86_400,
        leaseMs,
      }),
    }),
  ],
  // The first two keep the client of RabbitMQ alive when the broker ends connections and channels.
  providers: [ChannelGuard, ConnectionUpkeep, TransferConsumer, TransferFailures],
})
class TransferModule {}

async function start(): Promise<void> {
  const app = await NestFactory.createApplicationContext(TransferModule, { logger: ['error', 'warn'] });
  app.get(IdempotencyEvents).on((event) => {
    if (event.kind === 'store-warning') return;
    tell(event.kind, event.key, 'result' in event ? { result: event.result } : {});
  });
  process.once('SIGTERM', () => {
    void app
      .close()
      .then(() => Promise.all(Object.values(pools).map((pool) => pool.end())))
      .then(() => process.exit(0));
  });
  const guard = app.get(ChannelGuard);
  while (!guard.ready) await sleep(50);
  tell('ready', '');
}

function keyIn(headers: unknown): string {
  const key = String((headers as Record<string, unknown>)[keyHeader]);
  tell('received', key);
  return key;
}

/** Written at once, so that a process that is killed has told it. */
function tell(event: string, key: string, details: object = {}): void {
  console.log(JSON.stringify({ at: Date.now(), event, key, ...details }));
}

function at(point: TransferCrashPoint): void {
  if (point !== armed) return;
  writeSync(process.stderr.fd, `${farewell(point)}\n`);
  process.kill(process.pid, 'SIGKILL');
}

/** Errors from outside the library, such as an acknowledgement on a closed channel. Never throws: that would end the process. */
function requeue(consuming: Channel, message: ConsumeMessage, error: unknown): void {
  try {
    consuming.nack(message, false, true);
  } catch {
    console.error(`the broker redelivers a message: ${String(error)}`);
  }
}

function poolOf(max: number): Pool {
  const pool = new Pool({ connectionString: given('DATABASE_URL'), connectionTimeoutMillis: 2_000, max });
  pool.on('error', () => undefined);
  return pool;
}

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: a fault run starts this program`);
  return value;
}

void start();
