import { cp, mkdtemp, rm } from 'node:fs/promises';
import { sep } from 'node:path';
import { aPayment, gatewayKey } from '../support/payments';
import type { Service } from '../support/service';
import { useWorld } from '../support/world';

/** What the Dockerfile takes out of the build for production. */
const LEFT_OUT = ['dist/dev', 'dist/sandbox'];

describe('the build of the production image, without the console and the sandbox', () => {
  const world = useWorld({ services: 0 });
  let build: string;
  let service: Service;

  beforeAll(async () => {
    // Inside the project, so that its packages are found.
    build = await mkdtemp('.run/production-');
    const filter = (path: string) => !LEFT_OUT.includes(path.replaceAll(sep, '/'));
    await cp('dist', build, { recursive: true, filter });
    service = await world.startService({ build, env: { DEV_ENDPOINTS: 'true' } });
  });
  afterAll(() => rm(build, { recursive: true }));

  it('charges a payment that its development endpoint publishes', async () => {
    const payment = aPayment();
    expect(await service.postPayment(payment)).toMatchObject({ status: 202 });
    await service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('has no console, and says so', async () => {
    expect(await service.get('/')).toMatchObject({ status: 404 });
    expect(await service.get('/console/gateway')).toMatchObject({ status: 404 });
    const warning = 'DEV_ENDPOINTS is on, but this build has no console';
    expect(service.logged({ msg: warning })).toHaveLength(1);
  });
});
