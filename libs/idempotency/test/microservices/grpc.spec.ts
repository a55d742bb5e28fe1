import { join } from 'node:path';
import { BadRequestException, Controller } from '@nestjs/common';
import { Metadata, credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod, RpcException, Transport } from '@nestjs/microservices';
import { of, type Observable } from 'rxjs';
import { freePort } from '../../../../test/support/free-port';
import { Idempotent } from '../../src';
import { application, closeAll, listening } from './microservice';

interface Parcel {
  readonly id: string;
  readonly end?: string;
}
type Callback = (error: ServiceError | null, answer: unknown) => void;
type Method = (parcel: Parcel, metadata: Metadata, callback: Callback) => void;
interface ParcelsClient {
  readonly ship: Method;
  readonly forget: Method;
  close(): void;
}

const NOT_FOUND = 5;
const effects: string[] = [];
const protoPath = join(__dirname, 'parcels.proto');

@Controller()
class Parcels {
  @GrpcMethod()
  @Idempotent({ scope: 'ship', rememberError: (error) => error instanceof RpcException })
  ship({ id, end }: Parcel): object {
    if (end === 'invalid') throw new BadRequestException('too heavy');
    effects.push(id);
    if (end === 'lost') throw new RpcException({ code: NOT_FOUND, message: `no address for ${id}` });
    return { count: effects.length };
  }

  @GrpcMethod()
  @Idempotent({ scope: 'forget' })
  forget({ id }: Parcel): void {
    effects.push(id);
  }
}

@Controller()
class Tracking {
  @GrpcMethod('Parcels', 'Track')
  @Idempotent({ scope: 'track' })
  track(): Observable<object> {
    return of({ count: 1 }, { count: 2 });
  }
}

@Controller()
class Gathering {
  @GrpcStreamMethod('Parcels', 'Gather')
  @Idempotent({ scope: 'gather' })
  gather(): object {
    return { count: 1 };
  }
}

@Controller()
class Passing {
  @GrpcStreamCall('Parcels', 'Gather')
  @Idempotent({ scope: 'pass' })
  gather(): object {
    return { count: 1 };
  }
}

afterAll(closeAll);

async function transport() {
  const url = `127.0.0.1:${await freePort()}`;
  return { transport: Transport.GRPC, options: { package: 'parcels', protoPath, url } } as const;
}

describe('a call over gRPC', () => {
  let client: ParcelsClient;

  beforeAll(async () => {
    const options = await transport();
    await listening(options, { controllers: [Parcels] });
    const { parcels } = loadPackageDefinition(loadSync(protoPath)) as unknown as {
      parcels: { Parcels: new (url: string, secrets: unknown) => ParcelsClient };
    };
    client = new parcels.Parcels(options.options.url, credentials.createInsecure());
  });
  beforeEach(() => effects.splice(0));
  afterAll(() => client.close());

  /** Resolves with the answer, or with status and details of the error. */
  async function call(method: 'ship' | 'forget', parcel: Parcel, ...keys: string[]): Promise<unknown> {
    const metadata = new Metadata();
    for (const key of keys) metadata.add('Idempotency-Key', key);
    return new Promise((resolve) =>
      client[method](parcel, metadata, (error, answer) =>
        resolve(error ? [error.code, error.details] : answer),
      ),
    );
  }

  it('gets the first answer again, without the effect', async () => {
    const answers = [await call('ship', { id: '1' }, 'key-1'), await call('ship', { id: '1' }, 'key-1')];
    expect(answers).toEqual([{ count: 1 }, { count: 1 }]);
    expect(effects).toEqual(['1']);
  });

  it('gets the same empty message as the first one', async () => {
    expect([await call('forget', { id: '2' }, 'key-2'), await call('forget', { id: '2' }, 'key-2')]).toEqual([
      {},
      {},
    ]);
    expect(effects).toEqual(['2']);
  });

  it('gets the status of a remembered error again', async () => {
    const lost = { id: '3', end: 'lost' };
    expect([await call('ship', lost, 'key-3'), await call('ship', lost, 'key-3')]).toEqual(
      Array(2).fill([NOT_FOUND, 'no address for 3']),
    );
    expect(effects).toEqual(['3']);
  });

  it('may be corrected under its key after it was invalid', async () => {
    await call('ship', { id: '4', end: 'invalid' }, 'key-4');
    expect(await call('ship', { id: '4' }, 'key-4')).toEqual({ count: 1 });
  });

  it.each([
    { situation: 'without a key', keys: [], status: 3, details: /^no idempotency key/ },
    { situation: 'with two keys', keys: ['one', 'two'], status: 3, details: /not allowed/ },
    { situation: 'with the key of another call', keys: ['key-5'], status: 6, details: /another payload/ },
  ])('is refused $situation', async ({ keys, status, details }) => {
    await call('ship', { id: '5' }, 'key-5');
    expect(await call('ship', { id: '6' }, ...keys)).toEqual([status, expect.stringMatching(details)]);
  });
});

describe('a gRPC microservice does not listen', () => {
  it('if the answer of a decorated method is a stream', async () => {
    const app = await application({ controllers: [Tracking] });
    app.connectMicroservice(await transport());
    await expect(app.startAllMicroservices()).rejects.toThrow(
      '@Idempotent() on Tracking.track: a gRPC stream has no one result',
    );
  });

  it.each([Gathering, Passing])('if a decorated method gets a stream: %p', async (controller) => {
    const app = await application({ controllers: [controller] });
    await expect(app.init()).rejects.toThrow(
      `@Idempotent() on ${controller.name}.gather: a gRPC stream has no one result`,
    );
  });
});
