import { resolve } from 'node:path';
import { startService } from '../support/service';
import { webhookSecret } from '../support/webhooks';
import type { ConsumerProgram, Special } from './consumer';
import { clockJumps } from './faults';
import type { Dependency } from './faults';
import type { WebhookForwarder } from './webhook-forwarder';

/** Short times, so that many of them elapse during a run. */
const shortTimes = {
  APP_ROLES: 'consumer',
  IDEMPOTENCY_LEASE: '2',
  STRIPE_TIMEOUT: '4',
  RABBITMQ_PREFETCH: '20',
  // A run causes more failures in a minute than a gateway in a year.
  PAYMENT_MAX_ATTEMPTS: '20',
  SHUTDOWN_TIMEOUT: '8',
  FOLLOW_UP_AFTER: '2',
  LOG_LEVEL: 'warn',
};

interface Settings {
  build: string;
  urls: Record<Dependency, string>;
  /** For every process, in addition to the variables that all runs share. */
  env: Record<string, string>;
  /** Whether it keeps a ledger in PostgreSQL. */
  ledger: boolean;
  webhooks: WebhookForwarder;
}

/** The built service. */
export function paymentConsumer({
  build,
  urls,
  env,
  ledger,
  webhooks,
}: Settings): ConsumerProgram<Dependency> {
  return {
    urls,
    launch: async ({ name, urls: { redis, rabbitmq, gateway, postgresql }, special }) => {
      const { variables, nodeArgs } = howToStart(special);
      const service = await startService({
        redisUrl: redis,
        rabbitmqUrl: rabbitmq,
        // The gateway's address must have no path.
        gatewayUrl: gateway.replace(/\/$/, ''),
        name,
        build,
        waitFor: 'none',
        env: {
          ...shortTimes,
          STRIPE_WEBHOOK_SECRET: webhookSecret,
          ...(ledger && { DATABASE_URL: postgresql }),
          ...env,
          ...variables,
        },
        nodeArgs,
      });
      webhooks.passTo(name, service.url);
      return {
        process: service,
        isAlive: () => service.answers('/health/live', 200),
        isReady: () => service.answers('/health/ready', 200),
        describe: async () => {
          const readiness = await service.get('/health/ready').catch((error: unknown) => String(error));
          return JSON.stringify(readiness);
        },
      };
    },
  };
}

function howToStart(special: Special | undefined): { variables: Record<string, string>; nodeArgs: string[] } {
  if (special === undefined) return { variables: {}, nodeArgs: [] };
  if ('crashAt' in special)
    return { variables: { CRASH_AT: special.crashAt }, nodeArgs: loading('crash-points.ts') };
  return {
    variables: { CLOCK_JUMP_MS: String(clockJumps[special.clock]) },
    nodeArgs: loading('clock-jump.ts'),
  };
}

/** The arguments that make Node.js load a module of this folder before the service. */
function loading(file: string): string[] {
  return [resolve(__dirname, '../../scripts/typescript.js'), resolve(__dirname, file)].flatMap((module) => [
    '--require',
    module,
  ]);
}
