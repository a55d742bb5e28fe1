import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  IdempotencyModule,
  MemoryIdempotencyStore,
  type IdempotencyModuleOptions,
  type IdempotencyStore,
} from '../../src';

export const ADAPTERS = ['Express', 'Fastify'] as const;
export type Adapter = (typeof ADAPTERS)[number];

/** What a caller gets. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
}

/** Headers that differ from one answer to the next, whoever sends them. */
const OF_ONE_MESSAGE = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'];

/** A NestJS application with decorated controllers, on a memory store. */
export class HttpApplication {
  private constructor(
    readonly app: INestApplication,
    private readonly url: string,
  ) {}

  static async open(
    adapter: Adapter,
    parts: Pick<ModuleMetadata, 'controllers' | 'providers'> & {
      store?: IdempotencyStore;
      options?: Partial<IdempotencyModuleOptions>;
      configure?: (app: INestApplication) => unknown;
    },
  ): Promise<HttpApplication> {
    const { controllers = [], providers = [], store = new MemoryIdempotencyStore(), options } = parts;
    const module = await Test.createTestingModule({
      imports: [IdempotencyModule.forRoot({ store, ttlSeconds: 60, leaseMs: 5_000, ...options })],
      controllers,
      providers,
    }).compile();
    const app =
      adapter === 'Express'
        ? module.createNestApplication({ logger: false })
        : module.createNestApplication(new FastifyAdapter(), { logger: false });
    await parts.configure?.(app);
    await app.listen(0, '127.0.0.1');
    return new HttpApplication(app, await app.getUrl());
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { method: 'POST', redirect: 'manual', ...init });
  }

  /** Posts JSON under a key. */
  async post(path: string, key: string, body?: unknown, init: RequestInit = {}): Promise<Answer> {
    const headers = {
      'idempotency-key': key,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(init.headers as Record<string, string> | undefined),
    };
    return answerOf(
      await this.fetch(path, { ...init, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }),
    );
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

export async function answerOf(response: Response): Promise<Answer> {
  const headers = Object.fromEntries(
    [...response.headers].filter(([name]) => !OF_ONE_MESSAGE.includes(name) && name !== 'set-cookie'),
  );
  return {
    status: response.status,
    headers,
    cookies: response.headers.getSetCookie(),
    body: Buffer.from(await response.arrayBuffer()).toString('latin1'),
  };
}

/** The answer without the mark of a replay, to compare it with the first one. */
export function asFirst({ headers, ...answer }: Answer): Answer {
  return {
    ...answer,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'idempotent-replayed')),
  };
}
