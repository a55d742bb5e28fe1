import { Test } from '@nestjs/testing';
import { TerminusModule } from '@nestjs/terminus';
import { GatewayHealth } from '../../../src/observability/health/gateway.health';
import { PaymentGateway } from '../../../src/payment/gateway/payment-gateway';

async function gatewayHealth(probe: () => Promise<unknown>): Promise<GatewayHealth> {
  const module = await Test.createTestingModule({
    imports: [TerminusModule],
    providers: [GatewayHealth, { provide: PaymentGateway, useValue: { probe } }],
  }).compile();
  return module.get(GatewayHealth);
}

describe('the state of the gateway', () => {
  it.each([
    ['reachable', { kind: 'reachable' }, { status: 'up' }],
    ['refusing our key', { kind: 'unauthorized' }, { status: 'down', reason: 'it refuses STRIPE_API_KEY' }],
    [
      'unavailable',
      { kind: 'unreachable', detail: 'connection refused' },
      { status: 'down', reason: 'connection refused' },
    ],
  ])('is shown when it is %s, and never required', async (_, answer, expected) => {
    const health = await gatewayHealth(() => Promise.resolve(answer));
    expect(await health.check()).toEqual({ gateway: { ...expected, required: false } });
  });

  it('is down when the probe itself fails', async () => {
    const health = await gatewayHealth(() => Promise.reject(new Error('broken probe')));
    expect(await health.check()).toEqual({
      gateway: { status: 'down', reason: 'broken probe', required: false },
    });
  });

  it('costs one call for many probes', async () => {
    let calls = 0;
    const health = await gatewayHealth(() => {
      calls += 1;
      return Promise.resolve({ kind: 'reachable' });
    });
    await Promise.all([health.check(), health.check(), health.check()]);
    expect(calls).toBe(1);
  });
});
