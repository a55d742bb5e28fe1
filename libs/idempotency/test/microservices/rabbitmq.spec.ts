import {
  Controller,
  Injectable,
  Scope,
  UseGuards,
  UseInterceptors,
  BadRequestException,
} from '@nestjs/common';
import {
  EventPattern,
  MessagePattern,
  Payload,
  ServerRMQ,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import type { Channel, ConsumeMessage } from 'amqplib';
import { Subject, of, raceWith, retry, switchMap, throwError, type Observable } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { Idempotent, IdempotencyContext, type FailureHandler } from '../../src';
import { closeAll, listening } from './microservice';

/** NestJS' server for RabbitMQ without a broker: the test hands messages over, and sees how they are settled. */
class Rabbitmq extends ServerRMQ {
  readonly settled: string[] = [];
  readonly replies: unknown[] = [];
  isClosed = false;

  constructor() {
    super({ noAck: false });
  }

  override async listen(callback: (error?: unknown, ...others: unknown[]) => void): Promise<void> {
    callback();
  }
  override async close(): Promise<void> {}
  override sendMessage(message: unknown): void {
    this.replies.push(message);
  }

  async deliver(pattern: string, data: object, request?: 'request'): Promise<void> {
    const packet = { pattern, data, ...(request && { id: 'call' }) };
    const properties = {
      headers: { 'idempotency-key': 'key' },
      ...(request && { replyTo: 'caller' }),
      ...data,
    };
    const message = { content: Buffer.from(JSON.stringify(packet)), properties, fields: {} };
    await this.handleMessage(message as never, this.deliveryChannel());
  }

  private deliveryChannel(): Channel {
    const settle = (how: string) => {
      if (this.isClosed) throw new Error('Channel closed');
      this.settled.push(how);
    };
    const channel = {
      ack: () => settle('ack'),
      nack: (_: ConsumeMessage, __: boolean, requeue: boolean) => settle(requeue ? 'requeue' : 'reject'),
    };
    return channel as unknown as Channel;
  }
}

const effects: string[] = [];
let clientGone: Subject<void>;
let workDone: Subject<void>;
let failures = 0;

/** Ends the request, but not the work, like NestJS' example of a time-out. */
const timeOut = {
  intercept: (_: unknown, next: { handle(): Observable<unknown> }) =>
    next.handle().pipe(raceWith(clientGone.pipe(switchMap(() => throwError(() => new Error('too late')))))),
};
const cache = { intercept: () => of('from the cache') };
const patience = {
  intercept: (_: unknown, next: { handle(): Observable<unknown> }) => next.handle().pipe(retry(1)),
};
const stuckGate = {
  canActivate: () => {
    throw new Error('the gate is stuck');
  },
};

@Injectable()
class Failures implements FailureHandler {
  async handle(): Promise<'settled'> {
    effects.push('failure handled');
    return 'settled';
  }
}

@Controller()
class Handlers {
  @EventPattern('timed')
  @Idempotent({ scope: 'timed' })
  @UseInterceptors(timeOut)
  async timed(): Promise<void> {
    await new Promise<void>((resolve) => void workDone.subscribe({ complete: resolve }));
    effects.push('timed');
  }

  @EventPattern('cached')
  @Idempotent({ scope: 'cached' })
  @UseInterceptors(cache)
  cached(): void {
    effects.push('cached');
  }

  @EventPattern('retried')
  @Idempotent({ scope: 'retried' })
  @UseInterceptors(patience)
  retried(): void {
    effects.push('retried');
    if (effects.length === 1) throw new Error('the first time');
  }

  @EventPattern('keyless')
  @Idempotent({ scope: 'keyless', whenKeyMissing: 'process' })
  keyless(@Payload() { end }: { end: string }): void {
    if (end === 'refuses') throw new BadRequestException('not this one');
    if (end === 'fails') throw new Error('not now');
    effects.push('keyless');
  }

  @MessagePattern('guarded')
  @UseGuards(stuckGate)
  @Idempotent({ scope: 'guarded' })
  guarded(): void {
    effects.push('guarded');
  }

  @MessagePattern('handled')
  @Idempotent({ scope: 'handled', onFailure: Failures })
  handled(): void {
    failures++;
    throw new Error('broken');
  }

  @EventPattern('shared')
  @Idempotent({ scope: 'shared' })
  shared(@IdempotencyContext() { scope }: IdempotencyContext): void {
    effects.push(scope);
  }
}

@Controller({ scope: Scope.REQUEST })
class RequestScoped {
  @EventPattern('shared')
  @Idempotent({ scope: 'request-scoped' })
  shared(@IdempotencyContext() { scope }: IdempotencyContext): void {
    effects.push(scope);
  }
}

describe('a message of RabbitMQ', () => {
  let rabbitmq: Rabbitmq;

  beforeEach(async () => {
    effects.splice(0);
    failures = 0;
    clientGone = new Subject();
    workDone = new Subject();
    rabbitmq = new Rabbitmq();
    const transport = { strategy: rabbitmq } as unknown as MicroserviceOptions;
    await listening(transport, { controllers: [Handlers, RequestScoped], providers: [Failures] });
  });
  afterEach(closeAll);

  it('is not settled while the work goes on after a time-out around it', async () => {
    await rabbitmq.deliver('timed', {});
    await eventually(() => workDone.observed);
    clientGone.next();
    await new Promise(setImmediate);
    expect(rabbitmq.settled).toEqual([]);
    workDone.complete();
    await eventually(() => rabbitmq.settled.length > 0);
    expect([rabbitmq.settled, effects]).toEqual([['ack'], ['timed']]);
  });

  it('is acknowledged when an interceptor answers in place of the handler', async () => {
    await rabbitmq.deliver('cached', {});
    await eventually(() => rabbitmq.settled.length > 0);
    expect([rabbitmq.settled, effects]).toEqual([['ack'], []]);
  });

  it('is settled once when an interceptor calls the handler again', async () => {
    await rabbitmq.deliver('retried', {});
    await eventually(() => rabbitmq.settled.length > 0);
    expect([rabbitmq.settled, effects]).toEqual([['ack'], ['retried', 'retried']]);
  });

  it.each([
    { end: 'succeeds', settled: 'ack' },
    { end: 'refuses', settled: 'reject' },
    { end: 'fails', settled: 'requeue' },
  ])('without a key is settled as its handler $end: $settled', async ({ end, settled }) => {
    await rabbitmq.deliver('keyless', { end, headers: {} });
    await eventually(() => rabbitmq.settled.length > 0);
    expect(rabbitmq.settled).toEqual([settled]);
  });

  it('that somebody waits for is acknowledged when a guard throws: the caller gets the error', async () => {
    await rabbitmq.deliver('guarded', {}, 'request');
    await eventually(() => rabbitmq.settled.length > 0 && rabbitmq.replies.length > 0);
    expect([rabbitmq.settled, rabbitmq.replies]).toEqual([
      ['ack'],
      [expect.objectContaining({ err: { status: 'error', message: 'Internal server error' } })],
    ]);
  });

  it('that somebody waits for is answered with the error, also when `onFailure` has settled it', async () => {
    await rabbitmq.deliver('handled', {}, 'request');
    await eventually(() => rabbitmq.settled.length > 0 && rabbitmq.replies.length > 0);
    expect([rabbitmq.settled, effects, failures]).toEqual([['ack'], ['failure handled'], 1]);
    expect(rabbitmq.replies).toEqual([expect.objectContaining({ err: expect.anything() })]);
  });

  it('reaches handlers whose instance lives as long as the request, too', async () => {
    await rabbitmq.deliver('shared', {});
    await eventually(() => rabbitmq.settled.length > 0);
    expect([rabbitmq.settled, effects.sort()]).toEqual([['ack'], ['request-scoped', 'shared']]);
  });

  it('is left to the broker when its channel is closed meanwhile', async () => {
    rabbitmq.isClosed = true;
    await rabbitmq.deliver('shared', {});
    await eventually(() => effects.length === 2);
    rabbitmq.isClosed = false;
    await rabbitmq.deliver('shared', {});
    await eventually(() => rabbitmq.settled.length > 0);
    expect([rabbitmq.settled, effects.length]).toEqual([['ack'], 2]);
  });
});
