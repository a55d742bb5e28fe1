import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IdempotencyModule, MemoryIdempotencyStore, type IdempotencyModuleOptions } from '../../src';

export type Platform = 'express' | 'fastify';
export const platforms: readonly Platform[] = ['express', 'fastify'];

const applications: INestApplication[] = [];

/** An application as `main.ts` of a user has it after `NestFactory.create`; closed by {@link closeApplications}. */
export async function createApplication(
  platform: Platform,
  controllers: Type[],
  options: Partial<IdempotencyModuleOptions> = {},
): Promise<INestApplication> {
  class Application {}
  const module: DynamicModule = {
    module: Application,
    imports: [
      IdempotencyModule.forRoot({
        store: new MemoryIdempotencyStore(),
        ttlSeconds: 60,
        leaseMs: 10_000,
        ...options,
      }),
    ],
    controllers,
  };
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const application = await NestFactory.create(module, adapter, { logger: false, abortOnError: false });
  applications.push(application);
  return application;
}

export async function closeApplications(): Promise<void> {
  await Promise.all(applications.splice(0).map((application) => application.close()));
}

/** Sends requests with JSON bodies to the application, which listens from now on. */
export async function clientOf(application: INestApplication) {
  await application.listen(0, '127.0.0.1');
  const url = await application.getUrl();
  return (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
}
