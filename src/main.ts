import './messaging/header-tables';
import 'reflect-metadata';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module';
import { readEnvironment } from './config/config.module';
import type { Environment } from './config/environment';
import { InvalidEnvironmentError } from './config/invalid-environment.error';
import { servePage } from './console/serve-page';
import { serveOpenApi } from './http/openapi';
import { ServiceLogger } from './observability/service.logger';
import { StartReport } from './observability/start.report';

async function start(): Promise<void> {
  const environment = readEnvironment();
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forEnvironment(environment), {
    bufferLogs: true,
    forceCloseConnections: true,
  });
  app.useLogger(app.get(ServiceLogger));
  app.flushLogs();
  if (environment.devEndpoints) serveForDevelopment(app, environment);
  stopOnSignal(app, environment);

  // Subscribers are registered only once RabbitMQ answers, and `init` waits for that. Health must answer meanwhile.
  const initialized = app.init();
  const server = app.getHttpServer();
  server.listen(environment.port, () => app.get(StartReport).begin());
  await Promise.all([initialized, once(server, 'listening')]);
}

function serveForDevelopment(app: NestExpressApplication, { appRoles }: Environment): void {
  serveOpenApi(app);
  // It is the publisher's: without that there would be nothing to press.
  if (appRoles.includes('publisher')) servePage(app);
}

/** The first signal stops the service in order; whatever is not finished in time goes back to the queue. */
function stopOnSignal(app: INestApplication, { shutdownTimeoutMs }: Environment): void {
  const logger = app.get(ServiceLogger);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.log(`Stopping on ${signal}: no new messages, those in hand may finish`);
    const closed = app.close().then(
      () => logger.log('Stopped'),
      (error: unknown) => logger.error(error, 'Stopped with an error'),
    );
    const outOfTime = sleep(shutdownTimeoutMs).then(() =>
      logger.warn(`Not finished within ${shutdownTimeoutMs} ms; RabbitMQ redelivers what is left`),
    );
    void Promise.race([closed, outOfTime]).then(() => process.exit(0));
  };
  // `on`, not `once`: a second signal must not end the process in the middle of a payment.
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

start().catch((error: unknown) => {
  // Before there is an application there is no logger either.
  console.error(error instanceof InvalidEnvironmentError ? error.message : error);
  process.exit(1);
});
