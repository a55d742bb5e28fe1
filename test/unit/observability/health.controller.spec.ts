import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { ConsumerHealth } from '../../../src/observability/health/consumer.health';
import { GatewayHealth } from '../../../src/observability/health/gateway.health';
import { HealthController } from '../../../src/observability/health/health.controller';
import { RabbitMqHealth } from '../../../src/observability/health/rabbitmq.health';
import { Readiness } from '../../../src/observability/health/readiness.service';
import { RedisHealth } from '../../../src/observability/health/redis.health';

type State = { status: 'up' | 'down'; reason?: string; required?: false };

const up: State = { status: 'up' };
const down: State = { status: 'down', reason: 'gone' };

let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** An application whose dependencies are in the given states; those not given are up. */
async function start(states: { rabbitmq?: State; redis?: State; consumer?: State; gateway?: State } = {}) {
  const { rabbitmq = up, redis = up, consumer = up, gateway = up } = states;
  const module = await Test.createTestingModule({
    controllers: [HealthController],
    providers: [
      Readiness,
      { provide: RabbitMqHealth, useValue: { check: () => ({ rabbitmq }) } },
      { provide: RedisHealth, useValue: { check: () => Promise.resolve({ redis }) } },
      { provide: ConsumerHealth, useValue: { check: () => ({ consumer }) } },
      { provide: GatewayHealth, useValue: { check: () => Promise.resolve({ gateway }) } },
    ],
  }).compile();
  app = module.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), readiness: module.get(Readiness) };
}

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

describe('GET /health/ready', () => {
  it('is 200 when everything is up', async () => {
    const { url } = await start();
    const details = { rabbitmq: up, redis: up, consumer: up, gateway: up };
    expect(await get(`${url}/health/ready`)).toEqual({
      status: 200,
      body: { status: 'ok', info: details, error: {}, details },
    });
  });

  it.each(['rabbitmq', 'redis', 'consumer'])('is 503 with the reason when %s is down', async (name) => {
    const { url } = await start({ [name]: down });
    expect(await get(`${url}/health/ready`)).toMatchObject({
      status: 503,
      body: { status: 'error', error: { [name]: down }, details: { [name]: down } },
    });
  });

  it('shows that the gateway is down, and stays 200', async () => {
    const { url } = await start({ gateway: { ...down, required: false } });
    expect(await get(`${url}/health/ready`)).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        error: {},
        details: { gateway: { status: 'down', reason: 'gone', required: false } },
      },
    });
  });

  it('is 503 while the process stops', async () => {
    const { url, readiness } = await start();
    readiness.onModuleDestroy();
    expect(await get(`${url}/health/ready`)).toMatchObject({
      status: 503,
      body: { status: 'shutting_down' },
    });
  });
});

describe('GET /health/live', () => {
  it('is 200 although no dependency is up', async () => {
    const { url } = await start({ rabbitmq: down, redis: down, consumer: down, gateway: down });
    expect(await get(`${url}/health/live`)).toMatchObject({ status: 200, body: { status: 'ok' } });
  });
});
