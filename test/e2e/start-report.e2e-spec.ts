import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import type { JsonObject } from '../support/json';
import { Management } from '../support/management';
import type { Service } from '../support/service';
import { useWorld } from '../support/world';

const PASSWORD = 'hunter2hunter2';

/** The messages of the start report at this level. */
function reported(service: Service, level: string): string[] {
  return service.logged({ context: 'StartReport', level }).map(({ msg }) => String(msg));
}

async function untilReported(service: Service, level: string, text: RegExp): Promise<void> {
  await eventually(() => expect(reported(service, level)).toContainEqual(expect.stringMatching(text)), {
    withinMs: 60_000,
  });
}

function asUser(url: string, username: string): string {
  const own = new URL(url);
  own.username = username;
  own.password = PASSWORD;
  return own.href;
}

describe('the start report', () => {
  const world = useWorld({ services: 0, own: { redis: true } });
  const user = `report-${randomUUID()}`;
  let management: Management;
  let service: Service;

  beforeAll(async () => {
    management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
    const vhost = decodeURIComponent(new URL(world.broker.url).pathname.slice(1));
    const permissions = { configure: '.*', write: '.*', read: '.*' };
    await management.createUser(user, { password: PASSWORD, vhost, permissions });
    await world.redis.client.call('ACL', 'SETUSER', user, 'on', `>${PASSWORD}`, '~*', '+@all');
    service = await world.startService({
      rabbitmqUrl: asUser(world.broker.url, user),
      redisUrl: asUser(world.redis.url, user),
      env: { RABBITMQ_PREFETCH: '7' },
    });
    await untilReported(service, 'info', /^Redis/);
  });
  afterAll(() => management.deleteUser(user));

  it('names roles and environment, and the addresses and versions of HTTP, gateway, RabbitMQ and Redis', () => {
    const { host: broker, pathname } = new URL(world.broker.url);
    const { port } = new URL(service.url);
    const { host: redis } = new URL(world.redis.url);
    const lines = reported(service, 'info').join('\n');
    expect(lines).toContain('roles consumer and publisher, environment development');
    expect(lines).toContain(`HTTP http://localhost:${port}, bound to 127.0.0.1: / (console), /docs`);
    expect(lines).toContain(`Gateway ${world.sandbox.url}`);
    expect(lines).toMatch(/RabbitMQ \d+\.\d+\.\d+, /);
    expect(lines).toContain(`amqp://${broker}, virtual host ${decodeURIComponent(pathname.slice(1))}: `);
    expect(lines).toContain('takes from payments.charge, 7 messages at a time');
    expect(lines).toMatch(/Redis \d+\.\d+\.\d+, standalone, /);
    expect(lines).toContain(`redis://${redis}, database 0: maxmemory-policy noeviction, append-only`);
  });

  it('has the same facts as separate log fields', () => {
    const facts = service.logged({ context: 'StartReport' }).map((line) => line.facts);
    expect(facts).toContainEqual({ rabbitmq: expect.objectContaining({ prefetch: 7 }) });
    expect(facts).toContainEqual({ redis: expect.objectContaining({ maxmemoryPolicy: 'noeviction' }) });
  });

  it('has no warnings on a good start, not even for dependencies that connected after the first check', () => {
    expect([...reported(service, 'warn'), ...reported(service, 'error')]).toEqual([]);
    expect(service.logged({ context: 'Readiness', level: 'info' })).toHaveLength(1);
    expect(service.logged({ context: 'Readiness', level: 'warn' })).toEqual([]);
  });

  it('contains no password', () => {
    expect(service.output).not.toContain(PASSWORD);
  });

  it('logs the wiring messages of the framework at debug level', () => {
    const levels = (lines: JsonObject[]) => [...new Set(lines.map(({ level }) => level))];
    expect(levels(service.logged({ context: 'InstanceLoader' }))).toEqual(['debug']);
    expect(levels(service.logged({ context: 'RouterExplorer' }))).toEqual(['debug']);
  });
});

describe('a start with a ledger and webhooks', () => {
  const secret = `whsec_${PASSWORD}${PASSWORD}`;
  const world = useWorld({ ledger: true, webhookSecret: secret, env: { READ_API: 'true' } });

  it('names the database, and says that webhooks are accepted', async () => {
    const { rows } = await world.ledger.query<{ name: string }>('SELECT current_database() AS name');
    const [database] = rows;
    const place = `Ledger postgresql://${new URL(given('DATABASE_URL')).host}, database ${database?.name}. `;
    const lines = reported(world.service, 'info');
    expect(lines).toContain(`${place}READ_API is on: GET /payments lists it`);
    expect(lines).toContain('Webhooks are accepted: POST /webhooks/stripe');
    expect(world.service.output).not.toContain(secret);
  });
});

describe('a start with unsafe Redis settings', () => {
  const world = useWorld({ services: 0, own: { redis: true } });
  let service: Service;

  beforeAll(async () => {
    await world.redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await world.redis.client.config('SET', 'appendonly', 'no');
    service = await world.startService({ waitFor: 'live' });
    await untilReported(service, 'warn', /./);
  });

  it('shows the settings', () => {
    expect(reported(service, 'info').join('\n')).toContain('maxmemory-policy allkeys-lru, not append-only');
  });

  it('reports that records may be evicted, the consequence, and what to set', () => {
    expect(reported(service, 'error')).toEqual([
      expect.stringMatching(
        /maxmemory-policy is allkeys-lru.*charged again; set maxmemory-policy to noeviction$/,
      ),
    ]);
  });

  it('warns that a restart loses records, and says what to set', () => {
    expect(reported(service, 'warn')).toEqual([
      expect.stringMatching(/not append-only.*; set appendonly to yes$/),
    ]);
  });
});

describe('a start with a Redis that hides its settings', () => {
  const world = useWorld({ services: 0, own: { redis: true } });

  it('reports them as unknown, and continues', async () => {
    await world.redis.client.call(
      'ACL',
      'SETUSER',
      'silent',
      'on',
      `>${PASSWORD}`,
      '~*',
      '+@all',
      '-info',
      '-config',
    );
    const service = await world.startService({
      redisUrl: asUser(world.redis.url, 'silent'),
      waitFor: 'live',
    });
    await untilReported(service, 'info', /^Redis unknown, .* maxmemory-policy unknown, persistence unknown$/);
    await untilReported(service, 'warn', /does not report its settings/);
    expect(reported(service, 'error')).toEqual([]);
    expect(service.running).toBe(true);
  });
});

describe('a start while RabbitMQ and Redis are down', () => {
  const world = useWorld({ services: 0, own: { redis: true, rabbitmq: true } });
  let service: Service;

  beforeAll(async () => {
    await Promise.all([world.redisServer.kill(), world.rabbitmqServer.kill()]);
    service = await world.startService({ waitFor: 'live' });
  });

  it('reports the process at once, and soon what is not connected yet', async () => {
    await untilReported(service, 'info', /^HTTP http/);
    await untilReported(service, 'warn', /^RabbitMQ is not connected yet: amqp:.*virtual host/);
    await untilReported(service, 'warn', /^Redis is not connected yet: standalone, redis:/);
    expect(reported(service, 'info').filter((line) => /^(RabbitMQ|Redis)/.test(line))).toEqual([]);
  });

  it('reports each of them when it is connected', async () => {
    await world.redisServer.restart();
    await untilReported(service, 'info', /^Redis \d/);
    await world.rabbitmqServer.restart();
    await untilReported(service, 'info', /^RabbitMQ \d/);
    await service.untilHealthy('ready', 60_000);
  }, 120_000);
});

describe('a start in production with the development endpoints on', () => {
  const world = useWorld({ services: 0, env: { NODE_ENV: 'production', DEV_ENDPOINTS: 'true' } });

  it('logs a warning', async () => {
    const service = await world.startService();
    expect(reported(service, 'warn')).toEqual([
      expect.stringMatching(/^DEV_ENDPOINTS is true in production/),
    ]);
  });
});
