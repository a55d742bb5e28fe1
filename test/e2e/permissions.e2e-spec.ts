import { randomUUID } from 'node:crypto';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { documentedAcl, documentedPermissions } from '../support/documented-permissions';
import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import { asUser, Management } from '../support/management';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { ReconcileCommand } from '../support/reconcile-command';
import { useWorld } from '../support/world';

const PASSWORD = 'permitted';
describe('the documented least permissions', () => {
  const world = useWorld({ services: 0, own: { redis: true }, env: { NODE_ENV: 'production' } });
  const user = `payments-${randomUUID()}`;
  let management: Management;
  let urls: { rabbitmqUrl: string; redisUrl: string };

  async function untilRecorded({ idempotencyKey }: Payment): Promise<void> {
    const recordExists = async () => (await world.redis.record(idempotencyKey)) !== undefined;
    await eventually(recordExists, { withinMs: 45_000 });
  }

  beforeAll(async () => {
    management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
    const vhost = decodeURIComponent(new URL(world.broker.url).pathname.slice(1));
    const permissions = documentedPermissions('payments');
    await management.createUser(user, { password: PASSWORD, vhost, permissions });
    for (const name of ['payments', 'reconcile']) {
      await world.redis.client.call('ACL', 'SETUSER', name, 'on', `>${PASSWORD}`, ...documentedAcl(name));
    }
    urls = {
      rabbitmqUrl: asUser(world.broker.url, { user, password: PASSWORD }),
      redisUrl: asUser(world.redis.url, { user: 'payments', password: PASSWORD }),
    };
    await world.startService(urls);
  });
  afterAll(() => management.deleteUser(user));

  it('are enough for a payment, its duplicate, a retry and a dead letter', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment, { copies: 3 });
    await untilRecorded(payment);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    await world.broker.publish('no JSON');
    await world.broker.waitForDeadLetters(1);
    const refused = aPayment();
    await world.sandbox.fault({ kind: 'unauthorized', times: 1 });
    await world.broker.publishPayment(refused);
    await untilRecorded(refused);
    expect(world.service.output).not.toMatch(/NOPERM|can't run this command|ACCESS_REFUSED/);
  });

  it('are enough for `npm run dead-letters`', async () => {
    const command = new DeadLettersCommand(
      () => ({ url: urls.rabbitmqUrl }),
      () => ({ url: urls.redisUrl }),
    );
    expect(await command.list()).toMatchObject([{ reason: 'invalid-message' }]);
    expect(await command.run('replay', '--all')).toMatchObject({ code: 0 });
    await world.broker.waitForDeadLetters(1);
  });

  it('are enough for `npm run reconcile` with its own Redis user', async () => {
    const command = new ReconcileCommand(world);
    const env = {
      RABBITMQ_URL: urls.rabbitmqUrl,
      REDIS_URL: asUser(world.redis.url, { user: 'reconcile', password: PASSWORD }),
    };
    expect(await command.run([], env)).toMatchObject({ code: 0 });
  });
});
