import { readSettings } from '../../../../src/dev/sandbox/settings';

describe('the settings of the sandbox', () => {
  it('have defaults for a developer’s machine', () => {
    expect(readSettings({})).toEqual({ host: '127.0.0.1', port: 12_111, journalFile: null, latencyMs: 0 });
  });

  it('come from the environment', () => {
    const env = {
      SANDBOX_HOST: '0.0.0.0',
      SANDBOX_PORT: '0',
      SANDBOX_JOURNAL: 'journal.jsonl',
      SANDBOX_LATENCY_MS: '25',
    };
    expect(readSettings(env)).toEqual({
      host: '0.0.0.0',
      port: 0,
      journalFile: 'journal.jsonl',
      latencyMs: 25,
    });
  });

  it('report every wrong variable at once', () => {
    expect(() => readSettings({ SANDBOX_PORT: '70000', SANDBOX_LATENCY_MS: 'fast' })).toThrow(
      'SANDBOX_PORT must be an integer from 0 to 65535, not "70000"; SANDBOX_LATENCY_MS must be an integer from 0 to 600000, not "fast"',
    );
  });
});
