import { parseEnvironment } from '../../../src/config/parse-environment';
import { webhookVariables } from '../../../scripts/system';

const required = {
  RABBITMQ_URL: 'amqp://localhost',
  REDIS_URL: 'redis://localhost',
  STRIPE_API_KEY: 'sk_test_spec',
};

describe('the webhooks of `npm start`', () => {
  const before = { ...process.env };
  beforeEach(() => {
    delete process.env.STRIPE_WEBHOOK_SECRET;
  });
  afterEach(() => {
    process.env = { ...before };
  });

  it('are sent to the port of the service, and signed with the secret that it expects', () => {
    const { sandbox, service } = webhookVariables(3456);
    expect(sandbox.SANDBOX_WEBHOOK_URL).toBe('http://127.0.0.1:3456/webhooks/stripe');
    expect(parseEnvironment({ ...required, ...service }).stripeWebhookSecrets).toEqual([
      sandbox.SANDBOX_WEBHOOK_SECRET,
    ]);
  });

  it('are signed with the first secret of the environment, if it has some', () => {
    process.env.STRIPE_WEBHOOK_SECRET = 'whsec_0123456789abcdef,whsec_fedcba9876543210';
    const { sandbox, service } = webhookVariables(3456);
    expect(sandbox.SANDBOX_WEBHOOK_SECRET).toBe('whsec_0123456789abcdef');
    expect(service.STRIPE_WEBHOOK_SECRET).toBe(process.env.STRIPE_WEBHOOK_SECRET);
  });
});
