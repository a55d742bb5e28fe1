import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { freePort } from '../support/free-port';
import { useWorld } from '../support/world';

const root = resolve(__dirname, '../..');
const withinMs = 120_000;

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

describe('npm run demo', () => {
  const world = useWorld({ services: 0 });

  /** Runs the command against the servers of the test suite. */
  function demo(args: string[], env: Record<string, string> = {}): Promise<Ended> {
    const urls = { RABBITMQ_URL: world.broker.url, REDIS_URL: world.redis.url };
    const options = { cwd: root, env: { ...process.env, ...urls, ...env } };
    return new Promise((done) => {
      const child = execFile(
        process.execPath,
        ['scripts/demo.js', ...args],
        options,
        (_error, stdout, stderr) => done({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  }

  it(
    'shows six messages, the outcome of each, and the number of charges',
    async () => {
      const { code, stdout, stderr } = await demo([]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.match(/ sent /g)).toHaveLength(6);
      expect(stdout.match(/ processing payment, success /g)).toHaveLength(3);
      expect(stdout.match(/ duplicate detected, first result replayed /g)).toHaveLength(3);
      expect(stdout).toMatch(/3 charges, not 6\n\n✓ 6 messages, 3 charged, 3 duplicates\n$/);
    },
    withinMs,
  );

  it(
    '--json prints one document to stdout, and the text to stderr',
    async () => {
      const { code, stdout, stderr } = await demo(['--json']);
      expect(JSON.parse(stdout)).toEqual({ ok: true, published: 6, charges: 3, duplicates: 3 });
      expect(stderr).toContain('✓ 6 messages, 3 charged, 3 duplicates');
      expect(code).toBe(0);
    },
    withinMs,
  );

  it(
    '--json also prints a document when it fails, and ends with code 1',
    async () => {
      const { code, stdout } = await demo(['--json'], { REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
      expect(JSON.parse(stdout)).toEqual({ ok: false, error: expect.stringContaining('No Redis answers') });
      expect(code).toBe(1);
    },
    withinMs,
  );
});
