import { answersPostgresql } from '../../scripts/services/probes';
import { NodeProcess } from '../support/child-process';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { useWorld } from '../support/world';

const readyWithinMs = 60_000;

describe('`npm start` without DATABASE_URL', () => {
  const world = useWorld({ services: 0 });

  /** Runs the command with the broker and the Redis of the suite until it says that the service is ready. */
  async function started(...nodeArgs: string[]): Promise<NodeProcess> {
    const env = {
      RABBITMQ_URL: world.broker.url,
      REDIS_URL: world.redis.url,
      PORT: String(await freePort()),
      APP_ROLES: 'publisher',
    };
    const command = new NodeProcess('scripts/start.js', { name: 'start', env, nodeArgs });
    await eventually(() => command.output.includes('The service is ready.'), { withinMs: readyWithinMs });
    return command;
  }

  it('keeps the ledger in a PostgreSQL of its own, lists it, accepts webhooks, and stops it at the end', async () => {
    const command = await started();
    const [url = ''] = /(?<=DATABASE_URL=)\S+/.exec(command.output) ?? [];
    expect(await answersPostgresql(url)).toBe(true);
    expect(command.output).toContain(`Ledger postgresql://${new URL(url).host}, database postgres`);
    expect(command.output).toContain('READ_API is on');
    expect(command.output).toContain('Webhooks are accepted');
    expect(await command.terminate()).toEqual({ code: 0, signal: null });
    expect(await answersPostgresql(url)).toBe(false);
  });

  it('runs without a ledger where no PostgreSQL can be had, and says so', async () => {
    const command = await started(
      ...['--require', './scripts/typescript.js', '--require', './test/support/without-postgresql.ts'],
    );
    const [reason] = /^! The service runs without a ledger.*$/m.exec(command.output) ?? [];
    expect(reason).toBe(
      '! The service runs without a ledger, because there is no PostgreSQL: it is not installed',
    );
    expect(command.output).toContain('There is no ledger');
    expect(command.output).not.toContain('DATABASE_URL=');
    expect(await command.terminate()).toEqual({ code: 0, signal: null });
  });
});
