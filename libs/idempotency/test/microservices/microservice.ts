import type { INestApplication, Provider, Type } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { IdempotencyModule, MemoryIdempotencyStore, type IdempotencyModuleOptions } from '../../src';
import { microservices } from '../../src/microservices';

/** Applications of a spec; closed by {@link closeAll}. */
const open: INestApplication[] = [];

/** A hybrid application, created but not started, with a memory store. */
export async function application(options: {
  readonly controllers: Type[];
  readonly providers?: Provider[];
  readonly idempotency?: Partial<IdempotencyModuleOptions>;
}): Promise<INestApplication> {
  const { controllers, providers = [], idempotency } = options;
  const module = await Test.createTestingModule({
    imports: [
      IdempotencyModule.forRoot({
        store: new MemoryIdempotencyStore(),
        ttlSeconds: 60,
        leaseMs: 5_000,
        handlers: [microservices()],
        ...idempotency,
      }),
    ],
    controllers,
    providers,
  }).compile();
  const app = module.createNestApplication({ logger: false });
  open.push(app);
  return app;
}

/** The same with a microservice that listens, in the order of NestJS' documentation: it listens before the start. */
export async function listening(
  transport: MicroserviceOptions,
  options: Parameters<typeof application>[0],
): Promise<INestApplication> {
  const app = await application(options);
  app.connectMicroservice<MicroserviceOptions>(transport);
  await app.startAllMicroservices();
  await app.init();
  return app;
}

export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((app) => app.close()));
}
