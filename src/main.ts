import './messaging/header-tables';
import 'reflect-metadata';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module';
import { readEnvironment } from './config/config.module';
import type { Environment } from './config/environment';
import { InvalidEnvironmentError } from './config/invalid-environment.error';
import { takeJsonBodies } from './http/json-bodies';
import { serveOpenApi } from './http/openapi';
import { refuseForeign } from './http/refuse-foreign';
import { securityHeaders } from './http/security-headers';
import { SLOW_REQUEST_LIMITS } from './http/slow-requests';
import { LedgerMigrationError } from './ledger/ledger-errors';
import { ServiceLogger } from './observability/logging/service.logger';
import { StartReport } from './observability/start-report/start.report';

async function start(): Promise<void> {
  const environment = readEnvironment();
  const development = environment.devEndpoints ? await loadDevelopment() : undefined;
  const module = AppModule.forEnvironment(environment, development?.developmentModules(environment) ?? []);
  const app = await NestFactory.create<NestExpressApplication>(module, {
    bodyParser: false,
    // The signature of a webhook is over the bytes of its body.
    rawBody: true,
    bufferLogs: true,
    forceCloseConnections: true,
  });
  app.useLogger(app.get(ServiceLogger));
  app.flushLogs();
  app.use(securityHeaders());
  if (environment.devEndpoints) {
    // Before everything that it protects.
    app.use(refuseForeign(environment));
    serveOpenApi(app);
    if (development) development.serveForDevelopment(app, environment);
    else app.get(ServiceLogger).warn('DEV_ENDPOINTS is on, but this build has no console');
  }
  takeJsonBodies(app);
  stopOnSignal(app, environment);

  // `init` waits until RabbitMQ answers and the subscribers are registered. Health must answer during that time.
  const initialized = app.init();
  const listening = listen(app.getHttpServer(), environment).then(() => app.get(StartReport).begin());
  await Promise.all([initialized, listening]);
}

/** Undefined in the production image, which has no `dev` folder: the other development endpoints work without it. */
async function loadDevelopment(): Promise<typeof import('./dev/index.js') | undefined> {
  return existsSync(join(__dirname, 'dev')) ? await import('./dev/index.js') : undefined;
}

async function listen(server: Server, { host, port }: Environment): Promise<void> {
  // Node.js reads them when it starts to listen; the types do not have all of them.
  Object.assign(server, SLOW_REQUEST_LIMITS);
  server.listen(port, host);
  await once(server, 'listening').catch((error: unknown) => {
    throw new InvalidEnvironmentError([
      `HOST and PORT must be an address of this machine that is free, but ${host} and ${port} are not: ${String(error)}`,
    ]);
  });
}

/** The first signal starts a graceful shutdown; messages that are not finished in time go back to the queue. */
function stopOnSignal(app: INestApplication, { shutdownTimeoutMs }: Environment): void {
  const logger = app.get(ServiceLogger);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.log(`Stopping on ${signal}: no new messages, those in flight may finish`);
    const closed = app.close().then(
      () => logger.log('Stopped'),
      (error: unknown) => logger.error(error, 'Stopped with an error'),
    );
    const outOfTime = sleep(shutdownTimeoutMs).then(() =>
      logger.warn(`Not finished within ${shutdownTimeoutMs} ms; RabbitMQ redelivers the remaining messages`),
    );
    void Promise.race([closed, outOfTime]).then(() => process.exit(0));
  };
  // `on`, not `once`: a second signal must not end the process in the middle of a payment.
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

start().catch((error: unknown) => {
  // Without an application there is no logger.
  const isExplained = error instanceof InvalidEnvironmentError || error instanceof LedgerMigrationError;
  console.error(isExplained ? error.message : error);
  process.exit(1);
});
