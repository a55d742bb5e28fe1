import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { fieldsOf } from '../../scripts/json';
import { processStart } from '../../scripts/services/leftovers';
import { answersAmqp, answersHttp, answersRedis } from '../../scripts/services/probes';
import { startRabbitmq } from '../../scripts/services/rabbitmq';
import { startRedis } from '../../scripts/services/redis';
import { freePort } from '../../scripts/services/ports';
import { stopEverything } from '../../scripts/services/running';
import { openRun, removeRun } from '../../scripts/services/runs';
import { sandboxVariables, serverVariables, startSandbox, startService } from '../../scripts/system';
import { eventually } from '../support/eventually';
import { given } from '../support/isolation';
import { useWorld } from '../support/world';

const scripts = resolve(__dirname, '../../scripts');

/** Ids of the processes that are registered in this folder. */
function registeredPids(directory: string): number[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.leftover.json'))
    .map((file) => Number(fieldsOf(readFileSync(join(directory, file), 'utf8')).pid));
}

const running = (pids: number[]): number[] => pids.filter((pid) => processStart(pid) !== undefined);

/** Starts a command of this project as a separate process that runs the given code. */
function startCommand(work: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const code = `
    const { runCommand } = require('./run');
    const { startDatabase, startServers } = require('./services');
    const { startRedis } = require('./services/redis');
    void runCommand({ kind: 'spec', work: async (directory) => { ${work} } });
  `;
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
  return spawn(process.execPath, ['-e', code], { cwd: scripts, env: { ...process.env, ...env }, stdio });
}

/** Everything that the command prints until it ends. */
async function outputOf(command: ChildProcess): Promise<string> {
  const lines: string[] = [];
  if (command.stdout) createInterface({ input: command.stdout }).on('line', (line) => lines.push(line));
  await once(command, 'close');
  return lines.join('\n');
}

describe('a private Redis', () => {
  const directory = openRun('spec');
  afterAll(() => removeRun(directory));

  it('restarts with its data on the same port after a kill', async () => {
    const server = await startRedis({ directory: join(directory, 'killed'), appendFsync: 'always' });
    const client = new Redis(server.url, { lazyConnect: true });
    client.on('error', () => undefined);
    await client.set('kept', 'yes');
    await server.kill();
    expect(await answersRedis(server.url)).toBe(false);
    await server.restart();
    expect(await client.get('kept')).toBe('yes');
    client.disconnect();
    await server.stop();
  });

  it('does not answer while it is frozen, and answers when it is thawed', async () => {
    const server = await startRedis({ directory: join(directory, 'frozen') });
    await server.freeze();
    expect(await answersRedis(server.url)).toBe(false);
    await server.thaw();
    expect(await answersRedis(server.url)).toBe(true);
    await server.stop();
  });
});

describe('a private RabbitMQ', () => {
  const directory = openRun('spec');
  afterAll(() => removeRun(directory));

  it('serves AMQP and its management API, restarts after a crash, and leaves no process when stopped', async () => {
    const server = await startRabbitmq({ directory: join(directory, 'rabbitmq') });
    const pids = registeredPids(directory);
    expect(await answersAmqp(server.url)).toBe(true);
    await server.kill();
    await server.restart();
    const { username, password, origin } = new URL(server.managementUrl);
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    expect(await answersHttp(`${origin}/api/overview`, { authorization })).toBe(true);
    pids.push(...registeredPids(directory));
    await server.stop();
    expect(running(pids)).toEqual([]);
    expect(registeredPids(directory)).toEqual([]);
  });
});

describe('a command that is interrupted', () => {
  const holdRedis = `
    await startRedis({ directory: directory + '/redis' });
    process.stdout.write(directory + '\\n');
    await new Promise(() => undefined);
  `;

  async function startedCommand(): Promise<{ command: ChildProcess; directory: string; pids: number[] }> {
    const command = startCommand(holdRedis);
    if (!command.stdout) throw new Error('the command has no standard output');
    const [first]: unknown[] = await once(createInterface({ input: command.stdout }), 'line');
    const directory = String(first);
    return { command, directory, pids: registeredPids(directory) };
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s stops its servers, and it ends with code %i', async (signal, code) => {
    const { command, pids } = await startedCommand();
    command.kill(signal);
    expect(await once(command, 'exit')).toEqual([code, null]);
    expect(running(pids)).toEqual([]);
  });

  it('SIGKILL also ends its servers', async () => {
    const { command, directory, pids } = await startedCommand();
    command.kill('SIGKILL');
    await eventually(() => running(pids).length === 0);
    removeRun(directory);
    expect(pids).toHaveLength(1);
  });
});

describe('servers named in the environment', () => {
  const printDatabase = 'process.stdout.write(await startDatabase(directory)); return 0;';
  const printUrls = 'process.stdout.write(JSON.stringify(await startServers(directory))); return 0;';
  const rabbitmqUrl = given('RABBITMQ_URL');
  const redisUrl = given('REDIS_URL');

  it('are used without starting others', async () => {
    const command = startCommand(printUrls, { RABBITMQ_MANAGEMENT_URL: 'http://guest:guest@127.0.0.1:1' });
    const output = await outputOf(command);
    expect(output).toContain(
      JSON.stringify({ rabbitmqUrl, rabbitmqManagementUrl: 'http://guest:guest@127.0.0.1:1', redisUrl }),
    );
    expect(command.exitCode).toBe(0);
  });

  it('include a PostgreSQL for the tests', async () => {
    const output = await outputOf(startCommand(printDatabase));
    expect(output).toMatch(/PostgreSQL .*, from DATABASE_URL/);
    expect(output).toContain(given('DATABASE_URL'));
  });

  it.each([
    ['Redis', 'REDIS_URL', 'redis://:hunter2@127.0.0.1:1', printUrls],
    ['PostgreSQL', 'DATABASE_URL', 'postgresql://payments:hunter2@127.0.0.1:1/payments', printDatabase],
  ])(
    'end the command with one message without the password when no %s answers',
    async (title, variable, url, work) => {
      const command = startCommand(work, { [variable]: url });
      const output = await outputOf(command);
      expect(output).toContain(`No ${title} answers at 127.0.0.1:1 (${variable})`);
      expect(output).not.toContain('hunter2');
      expect(command.exitCode).toBe(1);
    },
  );
});

describe('`npm start`, when another program takes the chosen port before it is used', () => {
  const world = useWorld({ services: 0 });
  const directory = openRun('spec');
  const others: Server[] = [];

  /** Chooses a free port that another server takes at once; the second choice stays free. */
  function firstPortTaken(): () => Promise<number> {
    let choices = 0;
    return async () => {
      const port = await freePort();
      if (choices++ > 0) return port;
      const other = createServer((socket) => socket.destroy());
      await new Promise<void>((listening) => other.listen(port, '127.0.0.1', listening));
      others.push(other);
      return port;
    };
  }

  afterAll(async () => {
    for (const other of others) other.close();
    await stopEverything();
    removeRun(directory);
  });

  it('sandbox and service listen on the next port', async () => {
    const gateway = await startSandbox({ directory, choosePort: firstPortTaken() });
    expect(await answersHttp(`${gateway}/_sandbox/charges`)).toBe(true);
    const servers = { rabbitmqUrl: world.broker.url, redisUrl: world.redis.url, rabbitmqManagementUrl: '' };
    const env = { ...process.env, ...serverVariables(servers), ...sandboxVariables(gateway) };
    const { url } = await startService({ directory, choosePort: firstPortTaken(), env, output: 'log' });
    expect(await answersHttp(`${url}/health/ready`)).toBe(true);
    expect(others).toHaveLength(2);
  });
});
