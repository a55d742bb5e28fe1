import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeProcess } from '../support/child-process';
import { eventually } from '../support/eventually';
import { GatewayClient, gatewayError, isReplayed, newGatewayKey } from '../support/gateway-client';
import { startSandbox } from '../support/sandbox';

describe('a restart of the gateway', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('after SIGKILL it keeps charges, declines and stored failures', async () => {
    const journal = join(folder, 'journal.jsonl');
    const before = await startSandbox({ journal });
    const keys = { charged: newGatewayKey(), declined: newGatewayKey(), failed: newGatewayKey() };
    const declining = { payment_method: 'pm_card_visa_chargeDeclined' };
    const first = await new GatewayClient(before).charge(keys.charged);
    await gatewayError(new GatewayClient(before).charge(keys.declined, declining));
    await before.fault({ kind: 'error-500', status: 503 });
    await gatewayError(new GatewayClient(before).charge(keys.failed));
    await before.kill();

    const after = await startSandbox({ journal });
    const replay = await new GatewayClient(after).charge(keys.charged);
    const decline = await gatewayError(new GatewayClient(after).charge(keys.declined, declining));
    const failed = await gatewayError(new GatewayClient(after).charge(keys.failed));
    const charges = await after.charges();
    await after.stop();
    expect([replay, decline.code, failed.statusCode, isReplayed(failed), charges.length]).toEqual([
      first,
      'card_declined',
      503,
      true,
      1,
    ]);
  });

  it.each([
    ['before', []],
    ['after', ['charge']],
  ] as const)('during a request, %s the charge: there is one charge', async (when, done) => {
    const journal = join(folder, 'journal.jsonl');
    const key = newGatewayKey();
    const before = await startSandbox({ journal });
    await before.fault({ kind: 'delay', delayMs: 60_000, when });
    const interrupted = gatewayError(new GatewayClient(before).charge(key));
    const types = async (): Promise<string[]> => (await before.journal(key)).map(({ type }) => type);
    await eventually(async () => expect(await types()).toEqual(['fault', ...done]));
    await before.kill();
    const error = await interrupted;

    const after = await startSandbox({ journal });
    await new GatewayClient(after).charge(key);
    const charges = await after.chargesFor(key);
    await after.stop();
    expect([error.type, charges.length]).toEqual(['StripeConnectionError', 1]);
  });
});

describe('starting and stopping', () => {
  it('answers the requests in flight on SIGTERM, then exits with code 0', async () => {
    const sandbox = await startSandbox();
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'delay', delayMs: 300 });
    const charging = new GatewayClient(sandbox).charge(key);
    await eventually(async () => expect(await sandbox.journal(key)).toHaveLength(1));
    await sandbox.stop();
    expect((await charging).status).toBe('succeeded');
  });

  it('delays every charge when it was started with a latency', async () => {
    const sandbox = await startSandbox({ latencyMs: 1_000 });
    const key = newGatewayKey();
    const gateway = new GatewayClient(sandbox);
    const both = await Promise.allSettled([gateway.charge(key), gateway.charge(key)]);
    const types = (await sandbox.journal(key)).map(({ type }) => type);
    await sandbox.stop();
    expect([both.map(({ status }) => status).sort(), types]).toEqual([
      ['fulfilled', 'rejected'],
      ['conflict', 'charge'],
    ]);
  });

  it('answers health checks', async () => {
    const sandbox = await startSandbox();
    const { status } = await fetch(`${sandbox.url}/health`);
    await sandbox.stop();
    expect(status).toBe(200);
  });

  it('does not start with an invalid variable, and names it', async () => {
    const started = new NodeProcess('dist/sandbox/main.js', {
      name: 'sandbox',
      env: { SANDBOX_PORT: 'http' },
    });
    const { code } = await started.exited;
    expect([code, started.output]).toEqual([1, expect.stringContaining('SANDBOX_PORT must be an integer')]);
  });

  it('does not start on a port in use, and says what to set', async () => {
    const first = await startSandbox();
    const env = { SANDBOX_PORT: new URL(first.url).port };
    const second = new NodeProcess('dist/sandbox/main.js', { name: 'sandbox', env });
    const { code } = await second.exited;
    await first.stop();
    expect([code, second.output]).toEqual([1, expect.stringContaining('Set SANDBOX_HOST and SANDBOX_PORT')]);
  });

  it('does not start with a broken journal, and names the line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
    const journal = join(folder, 'journal.jsonl');
    await writeFile(journal, 'not a journal\n');
    const env = { SANDBOX_PORT: '0', SANDBOX_JOURNAL: journal };
    const started = new NodeProcess('dist/sandbox/main.js', { name: 'sandbox', env });
    const { code } = await started.exited;
    await rm(folder, { recursive: true });
    expect([code, started.output]).toEqual([1, expect.stringContaining(`${journal}:1 is not an entry`)]);
  });
});
