import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Controller, Post } from '@nestjs/common';
import { Idempotent, MemoryIdempotencyStore, type BeginReply, type BeginRequest } from '../../src';
import { ADAPTERS, HttpApplication } from './http-application';

/** A memory store whose `begin` can be held. */
class PatientStore extends MemoryIdempotencyStore {
  before: () => Promise<void> = () => Promise.resolve();

  override async begin(request: BeginRequest): Promise<BeginReply> {
    await this.before();
    return super.begin(request);
  }
}

let runs = 0;

function signal(): { readonly given: Promise<void>; give(): void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
}

@Controller()
class Orders {
  @Post('orders')
  @Idempotent()
  place() {
    return { run: ++runs };
  }
}

describe.each(ADAPTERS)('a request that was over before its work, on %s,', (adapter) => {
  it('is not done, and is no error for one that has waited for it', async () => {
    runs = 0;
    const store = new PatientStore();
    const arrivals: ServerResponse[] = [];
    const closed = signal();
    const errors: unknown[] = [];
    const app = await HttpApplication.open(adapter, {
      store,
      controllers: [Orders],
      configure: (nest) => {
        nest.useLogger({
          log: () => undefined,
          warn: () => undefined,
          error: (line: unknown) => errors.push(line),
        });
        nest.use((_: unknown, response: ServerResponse, next: () => void) => {
          arrivals.push(response);
          next();
        });
      },
    });
    const begun = signal();
    store.before = () => {
      begun.give();
      return closed.given;
    };
    const key = randomUUID();
    const abort = new AbortController();
    const first = app.post('/orders', key, undefined, { signal: abort.signal });
    await begun.given;
    const waiting = app.post('/orders', key);
    while (arrivals.length < 2) await new Promise((resolve) => setImmediate(resolve));
    arrivals[0]?.once('close', () => closed.give());
    abort.abort();
    await expect(first).rejects.toThrow();
    const answer = await waiting;
    await app.close();
    expect(answer).toMatchObject({ status: 201, body: '{"run":1}' });
    expect([runs, errors]).toEqual([1, []]);
  });
});
