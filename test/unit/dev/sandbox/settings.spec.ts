import { readSettings } from '../../../../src/dev/sandbox/settings';

describe('the settings of the sandbox', () => {
  it('have defaults for a developer’s machine', () => {
    expect(readSettings({})).toEqual({
      host: '127.0.0.1',
      port: 12_111,
      journalFile: null,
      latencyMs: 0,
      settleAfterMs: 5_000,
      webhook: null,
    });
  });

  it('come from the environment', () => {
    const env = {
      SANDBOX_HOST: '0.0.0.0',
      SANDBOX_PORT: '0',
      SANDBOX_JOURNAL: 'journal.jsonl',
      SANDBOX_LATENCY_MS: '25',
      SANDBOX_SETTLE_AFTER_MS: '0',
      SANDBOX_WEBHOOK_URL: 'http://127.0.0.1:3000/webhooks/stripe',
      SANDBOX_WEBHOOK_SECRET: 'whsec_1',
    };
    expect(readSettings(env)).toEqual({
      host: '0.0.0.0',
      port: 0,
      journalFile: 'journal.jsonl',
      latencyMs: 25,
      settleAfterMs: 0,
      webhook: { url: 'http://127.0.0.1:3000/webhooks/stripe', secret: 'whsec_1' },
    });
  });

  it('report every wrong variable at once', () => {
    expect(() => readSettings({ SANDBOX_PORT: '70000', SANDBOX_LATENCY_MS: 'fast' })).toThrow(
      'SANDBOX_PORT must be an integer from 0 to 65535, not "70000"; SANDBOX_LATENCY_MS must be an integer from 0 to 600000, not "fast"',
    );
  });

  it('require a secret for webhooks', () => {
    expect(() => readSettings({ SANDBOX_WEBHOOK_URL: 'http://127.0.0.1:3000' })).toThrow(
      'SANDBOX_WEBHOOK_SECRET must be set, because SANDBOX_WEBHOOK_URL is',
    );
  });

  it.each(['localhost:3000/webhooks', 'ftp://localhost', 'http://user:password@localhost', '/webhooks'])(
    'reject %s as the address of webhooks',
    (url) => {
      const env = { SANDBOX_WEBHOOK_URL: url, SANDBOX_WEBHOOK_SECRET: 'whsec_1' };
      expect(() => readSettings(env)).toThrow('SANDBOX_WEBHOOK_URL must be an http or https URL');
    },
  );
});
