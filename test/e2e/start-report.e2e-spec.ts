import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import type { JsonObject } from '../support/json';
import { Management } from '../support/management';
import type { Service } from '../support/service';
import { useWorld } from '../support/world';

const PASSWORD = 'hunter2hunter2';

/** What the start report has said at this level. */
function said(service: Service, level: string): string[] {
  return service.logged({ context: 'StartReport', level }).map(({ msg }) => String(msg));
}

async function untilSaid(service: Service, level: string, text: RegExp): Promise<void> {
  await eventually(() => expect(said(service, level)).toContainEqual(expect.stringMatching(text)), {
    withinMs: 60_000,
  });
}

function asUser(url: string, username: string): string {
  const own = new URL(url);
  own.username = username;
  own.password = PASSWORD;
  return own.href;
}

describe('a start', () => {
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
    await untilSaid(service, 'info', /^Redis/);
  });
  afterAll(() => management.deleteUser(user));

  it('says what this process is and where HTTP, gateway, RabbitMQ and Redis are, with their versions', () => {
    const { host: broker, pathname } = new URL(world.broker.url);
    const { port } = new URL(service.url);
    const { host: redis } = new URL(world.redis.url);
    const lines = said(service, 'info').join('\n');
    expect(lines).toContain('roles consumer and publisher, environment development');
    expect(lines).toContain(`HTTP http://localhost:${port}, bound to 127.0.0.1: / (console), /docs`);
    expect(lines).toContain(`Gateway ${world.sandbox.url}`);
    expect(lines).toMatch(/RabbitMQ \d+\.\d+\.\d+, /);
    expect(lines).toContain(`amqp://${broker}, virtual host ${decodeURIComponent(pathname.slice(1))}: `);
    expect(lines).toContain('takes from payments.charge, 7 messages at a time');
    expect(lines).toMatch(/Redis \d+\.\d+\.\d+, standalone, /);
    expect(lines).toContain(`redis://${redis}, database 0: maxmemory-policy noeviction, append-only`);
  });

  it('says the same in parts, for those who search logs', () => {
    const facts = service.logged({ context: 'StartReport' }).map((line) => line.facts);
    expect(facts).toContainEqual({ rabbitmq: expect.objectContaining({ prefetch: 7 }) });
    expect(facts).toContainEqual({ redis: expect.objectContaining({ maxmemoryPolicy: 'noeviction' }) });
  });

  it('warns of nothing when all is well, nor of what was not there yet when it was first asked', () => {
    expect([...said(service, 'warn'), ...said(service, 'error')]).toEqual([]);
    expect(service.logged({ context: 'Readiness', level: 'info' })).toHaveLength(1);
    expect(service.logged({ context: 'Readiness', level: 'warn' })).toEqual([]);
  });

  it('prints no password', () => {
    expect(service.output).not.toContain(PASSWORD);
  });

  it('keeps what the framework says of its wiring for those who debug', () => {
    const levels = (lines: JsonObject[]) => [...new Set(lines.map(({ level }) => level))];
    expect(levels(service.logged({ context: 'InstanceLoader' }))).toEqual(['debug']);
    expect(levels(service.logged({ context: 'RouterExplorer' }))).toEqual(['debug']);
  });
});

describe('a start with a Redis that payments cannot rely on', () => {
  const world = useWorld({ services: 0, own: { redis: true } });
  let service: Service;

  beforeAll(async () => {
    await world.redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await world.redis.client.config('SET', 'appendonly', 'no');
    service = await world.startService({ waitFor: 'live' });
    await untilSaid(service, 'warn', /./);
  });

  it('shows the settings', () => {
    expect(said(service, 'info').join('\n')).toContain('maxmemory-policy allkeys-lru, not append-only');
  });

  it('says that records may be evicted, what that costs, and what to set', () => {
    expect(said(service, 'error')).toEqual([
      expect.stringMatching(
        /maxmemory-policy is allkeys-lru.*charged again; set maxmemory-policy to noeviction$/,
      ),
    ]);
  });

  it('warns that a restart forgets, and says what to set', () => {
    expect(said(service, 'warn')).toEqual([
      expect.stringMatching(/not append-only.*; set appendonly to yes$/),
    ]);
  });
});

describe('a start with a Redis that does not tell its settings', () => {
  const world = useWorld({ services: 0, own: { redis: true } });

  it('calls them unknown, and goes on', async () => {
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
    await untilSaid(service, 'info', /^Redis unknown, .* maxmemory-policy unknown, persistence unknown$/);
    await untilSaid(service, 'warn', /does not tell its settings/);
    expect(said(service, 'error')).toEqual([]);
    expect(service.running).toBe(true);
  });
});

describe('a start while RabbitMQ and Redis are away', () => {
  const world = useWorld({ services: 0, own: { redis: true, rabbitmq: true } });
  let service: Service;

  beforeAll(async () => {
    await Promise.all([world.redisServer.kill(), world.rabbitmqServer.kill()]);
    service = await world.startService({ waitFor: 'live' });
  });

  it('says at once what it is, and soon what is not connected yet', async () => {
    await untilSaid(service, 'info', /^HTTP http/);
    await untilSaid(service, 'warn', /^RabbitMQ is not connected yet: amqp:.*virtual host/);
    await untilSaid(service, 'warn', /^Redis is not connected yet: standalone, redis:/);
    expect(said(service, 'info').filter((line) => /^(RabbitMQ|Redis)/.test(line))).toEqual([]);
  });

  it('speaks of each of them when it is connected', async () => {
    await world.redisServer.restart();
    await untilSaid(service, 'info', /^Redis \d/);
    await world.rabbitmqServer.restart();
    await untilSaid(service, 'info', /^RabbitMQ \d/);
    await service.untilHealthy('ready', 60_000);
  }, 120_000);
});

describe('a start in production with the development endpoints on', () => {
  const world = useWorld({ services: 0, env: { NODE_ENV: 'production', DEV_ENDPOINTS: 'true' } });

  it('warns of them', async () => {
    const service = await world.startService();
    expect(said(service, 'warn')).toEqual([expect.stringMatching(/^DEV_ENDPOINTS is true in production/)]);
  });
});
