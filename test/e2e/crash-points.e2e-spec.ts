import { resolve } from 'node:path';
import { farewell } from '../faults/crash-point-names';
import { aPayment } from '../support/payments';
import { useWorld } from '../support/world';

const preload = ['scripts/typescript.js', 'test/faults/crash-points.ts'];
const loaded = preload.flatMap((file) => ['--require', resolve(__dirname, '../..', file)]);
const armed = { CRASH_AT: 'before-send', IDEMPOTENCY_LEASE: '2' };

describe('a crash point', () => {
  const world = useWorld({ services: 0 });

  it('kills the process in which the fault run armed it; the next process completes the payment', async () => {
    const payment = aPayment();
    const doomed = await world.startService({ env: armed, nodeArgs: loaded });
    await world.broker.publishPayment(payment);
    expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(doomed.output).toContain(farewell('before-send'));
    const next = await world.startService({ env: { IDEMPOTENCY_LEASE: '2' } });
    await next.completedPayment(payment.idempotencyKey);
    await next.terminate();
  });

  it.each([
    { where: 'in the service as it is built', nodeArgs: [], nodeEnv: 'development' },
    { where: 'in production, even with the fault run’s module', nodeArgs: loaded, nodeEnv: 'production' },
  ])('has no effect $where', async ({ nodeArgs, nodeEnv }) => {
    const payment = aPayment();
    const env = { ...armed, NODE_ENV: nodeEnv, ALLOW_INSECURE_URLS: 'true', DEV_ENDPOINTS: 'true' };
    const service = await world.startService({ env, nodeArgs });
    await world.broker.publishPayment(payment);
    await service.completedPayment(payment.idempotencyKey);
    expect(await service.terminate()).toEqual({ code: 0, signal: null });
    expect(service.output).not.toContain('crash point');
  });
});
