import { parseEnvironment } from '../../../src/config/parse-environment';

const required = {
  RABBITMQ_URL: 'amqp://localhost',
  REDIS_URL: 'redis://localhost',
  STRIPE_API_KEY: 'sk_test_spec',
};
const OLD = 'whsec_0123456789abcdef';
const NEW = 'whsec_A/+=!~6789abcdefXYZ';

const secretsOf = (value: string) =>
  parseEnvironment({ ...required, STRIPE_WEBHOOK_SECRET: value }).stripeWebhookSecrets;

describe('STRIPE_WEBHOOK_SECRET', () => {
  it.each([
    ['empty: no webhooks', '', []],
    ['one secret', OLD, [OLD]],
    ['two, while one replaces the other', `${NEW}, ${OLD}`, [NEW, OLD]],
  ])('may be %s', (_, value, secrets) => {
    expect(secretsOf(value)).toEqual(secrets);
  });

  it.each([
    ['without the prefix', 'canary0123456789abcdef'],
    ['that is short', 'whsec_canary789012345'],
    ['with a space', 'whsec_canary 0123456789abcdef'],
    ['with a letter outside of ASCII', 'whsec_canary0123456789abcdefé'],
    ['and nothing after the comma', `${OLD}canary,`],
    ['in a list of nothing', ','],
    ['beside two others', [NEW, OLD, `${OLD}canary`].join(',')],
  ])('must not be one %s, and is not shown', (_, value) => {
    expect(() => secretsOf(value)).toThrow(/- STRIPE_WEBHOOK_SECRET must be whsec_ and (?!.*canary)/s);
  });
});
