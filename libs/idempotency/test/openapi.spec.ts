import { Body, Controller, Get, Headers, HttpCode, Post, Put, type Type } from '@nestjs/common';
import { ApiConflictResponse, ApiHeader, ApiOkResponse, ApiProperty, ApiResponse } from '@nestjs/swagger';
import { ApiDocument } from '../../../test/support/api-document';
import { Idempotent, type IdempotencyModuleOptions, type KeyReader } from '../src';
import { closeApplications, createApplication, platforms } from './support/http-application';
import { at, documentOf, operationOf, violationsOf } from './support/openapi-document';

class Order {
  @ApiProperty()
  readonly id: string = '';
}

class Keys implements KeyReader {
  keyOf(): string {
    return 'key';
  }
}

@Controller('orders')
class Orders {
  @Post()
  @Idempotent({ scope: 'order' })
  place(@Body() order: Order): Order {
    return order;
  }

  @Put('optional')
  @HttpCode(202)
  @Idempotent({ scope: 'optional', whenKeyMissing: 'process' })
  optional(): void {}

  @Post('named')
  @Idempotent({ scope: 'named', key: { header: 'X-Request-Id' } })
  named(): void {}

  @Post('either')
  @Idempotent({ scope: 'either', key: { header: 'X-Request-Id', property: 'id' } })
  either(): void {}

  @Post('property')
  @Idempotent({ scope: 'property', key: { property: 'id' } })
  property(): void {}

  @Post('function')
  @Idempotent({ scope: 'function', key: () => 'key' })
  function(): void {}

  @Post('provider')
  @Idempotent({ scope: 'provider', key: Keys })
  provider(): void {}

  @Post('read')
  @Idempotent({ scope: 'read' })
  read(@Headers('idempotency-key') key: string): string {
    return key;
  }

  @Get()
  list(): void {}
}

/** Every description stands once above `@Idempotent()` and once below. */
@Controller('own')
class OwnWords {
  @Post('above')
  @ApiHeader({ name: 'idempotency-key', required: false, description: 'ours' })
  @ApiConflictResponse({ type: Order, description: 'ours' })
  @Idempotent({ scope: 'above' })
  above(): void {}

  @Post('below')
  @Idempotent({ scope: 'below' })
  @ApiHeader({ name: 'idempotency-key', required: false, description: 'ours' })
  @ApiConflictResponse({ type: Order, description: 'ours' })
  below(): void {}
}

@Controller('class')
@ApiHeader({ name: 'IDEMPOTENCY-KEY', description: 'ours' })
@ApiResponse({ status: 409, type: Order, description: 'ours' })
class OwnWordsOfTheClass {
  @Post()
  @Idempotent({ scope: 'class' })
  place(): void {}
}

const KEY_HEADER = { name: 'Idempotency-Key', in: 'header', required: true };
const PROBLEMS = ['400', '409', '422', '503'];

afterEach(closeApplications);

describe.each(platforms)('the OpenAPI document of an application on %s', (platform) => {
  const describing = async (controllers: Type[], options: Partial<IdempotencyModuleOptions> = {}) =>
    documentOf(await createApplication(platform, controllers, options));

  it.each<{ route: string; headers: object[]; where: string }>([
    { route: 'POST /orders', headers: [KEY_HEADER], where: 'in Idempotency-Key by default' },
    {
      route: 'PUT /orders/optional',
      headers: [{ ...KEY_HEADER, required: false }],
      where: 'optional if the handler also runs without it',
    },
    { route: 'POST /orders/named', headers: [{ ...KEY_HEADER, name: 'X-Request-Id' }], where: 'elsewhere' },
    {
      route: 'POST /orders/either',
      headers: [
        {
          ...KEY_HEADER,
          name: 'X-Request-Id',
          required: false,
          description: expect.stringContaining('`id`'),
        },
      ],
      where: 'in a header or a property',
    },
    {
      route: 'POST /orders/read',
      headers: [{ ...KEY_HEADER, name: 'idempotency-key' }],
      where: 'once, if the handler reads it too',
    },
    { route: 'POST /orders/property', headers: [], where: 'not in a header, but a property' },
    { route: 'POST /orders/function', headers: [], where: 'where a function finds it' },
    { route: 'POST /orders/provider', headers: [], where: 'where a provider finds it' },
    { route: 'GET /orders', headers: [], where: 'nowhere, without @Idempotent()' },
  ])('says that the key of $route is $where', async ({ route, headers }) => {
    const operation = operationOf(await describing([Orders]), route);
    expect(operation.headers).toMatchObject(headers);
  });

  it('has each problem as problem details, and the result', async () => {
    const { responses } = operationOf(await describing([Orders]), 'POST /orders');
    expect(Object.keys(responses)).toEqual(['201', ...PROBLEMS]);
    for (const status of PROBLEMS)
      expect(at(responses, [status, 'content', 'application/problem+json', 'schema'])).toEqual({
        $ref: '#/components/schemas/IdempotencyProblemDetails',
      });
  });

  it('has the status of @HttpCode()', async () => {
    const { responses } = operationOf(await describing([Orders]), 'PUT /orders/optional');
    expect(Object.keys(responses)).toEqual(['202', ...PROBLEMS]);
  });

  it('has Retry-After where repeating the request helps', async () => {
    const { responses } = operationOf(await describing([Orders]), 'POST /orders');
    const always = PROBLEMS.map((status) => at(responses, [status, 'headers', 'Retry-After', 'required']));
    expect(always).toEqual([undefined, false, undefined, true]);
  });

  it('has nothing of it on other routes', async () => {
    expect(Object.keys(operationOf(await describing([Orders]), 'GET /orders').responses)).toEqual(['200']);
  });

  it.each(['POST /own/above', 'POST /own/below', 'POST /class'])(
    'keeps what the application itself says about %s',
    async (route) => {
      const document = await describing([OwnWords, OwnWordsOfTheClass]);
      const { headers, responses } = operationOf(document, route);
      expect(headers).toEqual([expect.objectContaining({ description: 'ours' })]);
      expect(responses['409']).toEqual({
        description: 'ours',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
      });
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(PROBLEMS));
    },
  );

  it('has the module’s defaults', async () => {
    const document = await describing([Orders], {
      defaults: { key: { header: 'X-Key' }, whenKeyMissing: 'process' },
    });
    expect(operationOf(document, 'POST /orders').headers).toEqual([
      expect.objectContaining({ name: 'X-Key', required: false }),
    ]);
    expect(operationOf(document, 'POST /orders/named').headers).toEqual([
      expect.objectContaining({ name: 'X-Request-Id', required: false }),
    ]);
  });

  it('has the types of problems that the module names', async () => {
    const document = await describing([Orders], { problemType: 'https://shop.example/problems#' });
    const examples = at(operationOf(document, 'POST /orders').responses, [
      '422',
      'content',
      'application/problem+json',
      'examples',
    ]);
    expect(at(examples, ['idempotency-key-reused', 'value', 'type'])).toBe(
      'https://shop.example/problems#idempotency-key-reused',
    );
  });

  it('is the same for a second application, whatever the first one had', async () => {
    const expected = await describing([Orders, OwnWords]);
    await describing([Orders, OwnWords], { defaults: { key: { header: 'X-Key' } }, problemType: 'x:' });
    expect(await describing([Orders, OwnWords])).toEqual(expected);
  });

  it('is valid, and its examples match their schemas', async () => {
    const described = await describing([Orders, OwnWords, OwnWordsOfTheClass]);
    expect(violationsOf(described)).toEqual([]);
    const document = new ApiDocument(JSON.parse(JSON.stringify(described)) as Record<string, unknown>);
    const examples = document.bodies.flatMap((body) => body.examples);
    expect(examples.map(({ value, schema }) => document.problemsOf(value, schema)).flat()).toEqual([]);
    expect(examples.map(({ place }) => place)).toContain('POST /orders 422 application/problem+json');
    const [example] = examples;
    expect(document.problemsOf({ title: 'no other member' }, example?.schema ?? '')).not.toEqual([]);
  });
});

describe('the type of a result that the plugin of @nestjs/swagger has read', () => {
  it('stays in the document, although it is told after the decorators', async () => {
    @Controller('parcels')
    class Parcels {
      @Post()
      @Idempotent({ scope: 'parcel' })
      send(): void {}

      @Post('all')
      @Idempotent({ scope: 'parcels' })
      sendAll(): void {}

      @Post('own')
      @ApiOkResponse({ description: 'ours' })
      @Idempotent({ scope: 'own' })
      own(): void {}
    }
    const application = await createApplication('express', [Parcels]);
    // What `SwaggerModule.loadPluginMetadata` does.
    const told = { send: { type: Order }, sendAll: { type: [Order] }, own: { type: Order } };
    Object.assign(Parcels, { _OPENAPI_METADATA_FACTORY: () => told });
    const document = documentOf(application);
    const schemaOf = (route: string) =>
      at(operationOf(document, route).responses, ['201', 'content', 'application/json', 'schema']);
    const Ref = { $ref: '#/components/schemas/Order' };
    expect(schemaOf('POST /parcels')).toEqual(Ref);
    expect(schemaOf('POST /parcels/all')).toEqual({ type: 'array', items: Ref });
    expect(operationOf(document, 'POST /parcels/own').responses).toMatchObject({
      200: { description: 'ours' },
    });
  });
});
