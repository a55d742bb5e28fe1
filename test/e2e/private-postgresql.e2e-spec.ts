import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { fieldsOf } from '../../scripts/json';
import { endLeftovers, processStart } from '../../scripts/services/leftovers';
import { startPostgresql } from '../../scripts/services/postgresql';
import { answersPostgresql } from '../../scripts/services/probes';
import { removeRun } from '../../scripts/services/runs';
import type { Server } from '../../scripts/services/server';
import { eventually } from '../support/eventually';
import { runFolder } from '../support/isolation';
import { freshDatabase, privatePostgresql } from '../support/postgres';

const clients: Client[] = [];
const servers: Server[] = [];

afterEach(async () => {
  // A client of a server that was killed has nothing left to end.
  await Promise.allSettled(clients.splice(0).map((client) => client.end()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function clientOf(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

async function started(settings: Record<string, string> = {}): Promise<Server> {
  const server = await privatePostgresql(settings);
  servers.push(server);
  return server;
}

/** The first column of the first row. */
const answerTo = async (query: string, server: { url: string }): Promise<unknown> =>
  firstOf(await clientOf(server.url), query);

async function firstOf(client: Client, query: string): Promise<unknown> {
  const { rows } = await client.query<Record<string, unknown>>(query);
  return Object.values(rows[0] ?? {})[0];
}

/** Ids of all processes of the server: the first one, those of connections, and those that work in the background. */
async function processesOf(server: { url: string }): Promise<number[]> {
  const client = await clientOf(server.url);
  const { rows } = await client.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  const file = await firstOf(client, "SELECT pg_read_file('postmaster.pid')");
  return [...rows.map(({ pid }) => pid), Number(String(file).split('\n')[0])];
}

const running = (pids: number[]): number[] => pids.filter((pid) => processStart(pid) !== undefined);

describe('a private PostgreSQL', () => {
  it('writes commits to disk, in UTF-8, and listens to the network of this machine only', async () => {
    const server = await started();
    expect(await answerTo('SHOW synchronous_commit', server)).toBe('on');
    expect(await answerTo('SHOW fsync', server)).toBe('on');
    expect(await answerTo('SHOW server_encoding', server)).toBe('UTF8');
    expect(await answerTo('SHOW listen_addresses', server)).toBe('127.0.0.1');
    expect(await answerTo('SHOW unix_socket_directories', server)).toBe('');
  });

  it('has the settings that it is started with, also after a restart', async () => {
    const server = await started({
      default_transaction_isolation: 'serializable',
      synchronous_commit: 'off',
    });
    await server.restart();
    expect(await answerTo('SHOW transaction_isolation', server)).toBe('serializable');
    expect(await answerTo('SHOW synchronous_commit', server)).toBe('off');
  });

  it('restarts after a kill on the same port, with what was committed and nothing else', async () => {
    const server = await started();
    const client = await clientOf(server.url);
    await client.query('CREATE TABLE kept (id int)');
    await client.query('INSERT INTO kept VALUES (1)');
    await client.query('BEGIN; INSERT INTO kept VALUES (2)');
    await server.kill();
    expect(await answersPostgresql(server.url)).toBe(false);
    await server.restart();
    expect(await answerTo('SELECT array_agg(id) FROM kept', server)).toEqual([1]);
  });

  it('leaves no process after a kill, not even one that works on a query', async () => {
    const server = await started();
    const busy = await clientOf(server.url);
    const endless = busy.query("DO 'BEGIN LOOP END LOOP; END'").catch(() => 'it was cut off');
    await eventually(async () =>
      expect(
        await answerTo("SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE 'DO%'", server),
      ).toBe(1),
    );
    const pids = await processesOf(server);
    await server.kill();
    expect(running(pids)).toEqual([]);
    expect(await endless).toBe('it was cut off');
  });

  it('a restart ends it in order, although a client is connected', async () => {
    const server = await started();
    const client = await clientOf(server.url);
    // Such a table is emptied after a crash.
    await client.query('CREATE UNLOGGED TABLE kept AS SELECT 1');
    const ended = once(client, 'error');
    await server.restart();
    expect(await ended).toMatchObject([{ code: '57P01' }]);
    expect(await answerTo('SELECT count(*)::int FROM kept', server)).toBe(1);
  });

  it('answers neither old nor new connections while it is frozen, and all of them when it is thawed', async () => {
    const server = await started();
    const client = await clientOf(server.url);
    await server.freeze();
    let answered = false;
    const answer = firstOf(client, 'SELECT 1').finally(() => (answered = true));
    expect(await answersPostgresql(server.url)).toBe(false);
    expect(answered).toBe(false);
    await server.thaw();
    expect(await answer).toBe(1);
    expect(await answersPostgresql(server.url)).toBe(true);
  });

  it.each(['kill', 'restart', 'stop'] as const)('accepts %s() while it is frozen', async (what) => {
    const server = await started();
    const pids = await processesOf(server);
    await server.freeze();
    await server[what]();
    expect(running(pids)).toEqual([]);
  });

  it('is another one than the next', async () => {
    const [first, second] = await Promise.all([started(), started()]);
    await (await clientOf(first.url)).query('CREATE TABLE only_here ()');
    expect(await answerTo("SELECT to_regclass('only_here')", second)).toBeNull();
    await first.kill();
    expect(await answersPostgresql(second.url)).toBe(true);
  });

  it('is not ready while it accepts connections only to refuse them', async () => {
    const server = await started();
    const client = await clientOf(server.url);
    const first = (await processesOf(server)).at(-1);
    // It waits for this client, and tells others with 57P03 that it shuts down.
    process.kill(Number(first), 'SIGTERM');
    await eventually(async () => expect(await answersPostgresql(server.url)).toBe(false));
    await expect(clientOf(server.url)).rejects.toMatchObject({ code: '57P03' });
    expect(await firstOf(client, 'SELECT 1')).toBe(1);
  });
});

describe('a database of one spec', () => {
  it('is empty, and is dropped although a connection is open', async () => {
    const database = await freshDatabase();
    const tables = "SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public'";
    expect(await answerTo(tables, database)).toBe(0);
    await database.drop();
    await expect(clientOf(database.url)).rejects.toMatchObject({ code: '3D000' });
  });

  it('is another one than the next', async () => {
    const [first, second] = await Promise.all([freshDatabase(), freshDatabase()]);
    await (await clientOf(first.url)).query('CREATE TABLE only_here ()');
    expect(await answerTo("SELECT to_regclass('only_here')", second)).toBeNull();
    await Promise.all([first.drop(), second.drop()]);
  });
});

describe('a private PostgreSQL in a folder that only its owner can enter', () => {
  const directory = join(runFolder(), 'closed');
  // A program of root runs as another user, who cannot enter.
  const inside = process.getuid?.() === 0 ? join(tmpdir(), 'payment-consumer-') : directory;

  it('keeps its data where its own user can enter, until it is stopped', async () => {
    mkdirSync(directory, { mode: 0o700 });
    const server = await startPostgresql({ directory });
    servers.push(server);
    const data = String(await answerTo('SHOW data_directory', server));
    expect(data.startsWith(inside)).toBe(true);
    await server.stop();
    removeRun(directory);
    expect(existsSync(data)).toBe(false);
  });
});

describe('a command that is interrupted', () => {
  /** Starts PostgreSQL in a separate process, in a folder that only its owner can enter. */
  async function startedCommand() {
    const code = `
      const { mkdirSync } = require('node:fs');
      const { runCommand } = require('./run');
      const { startPostgresql } = require('./services/postgresql');
      void runCommand({
        kind: 'spec',
        work: async (directory) => {
          mkdirSync(directory + '/closed', { mode: 0o700 });
          const server = await startPostgresql({ directory: directory + '/closed' });
          process.stdout.write(JSON.stringify({ directory, url: server.url }) + '\\n');
          process.on('SIGUSR2', () => server.freeze().then(() => process.stdout.write('frozen\\n')));
          await new Promise(() => undefined);
        },
      });
    `;
    const scripts = resolve(__dirname, '../../scripts');
    const command = spawn(process.execPath, ['-e', code], {
      cwd: scripts,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { directory, url } = fieldsOf(await nextLine(command));
    const server = { url: String(url) };
    const data = String(await answerTo('SHOW data_directory', server));
    return { command, directory: String(directory), data, pids: await processesOf(server) };
  }

  async function nextLine({ stdout }: ChildProcess): Promise<string> {
    if (!stdout) throw new Error('the command has no standard output');
    const [line]: unknown[] = await once(createInterface({ input: stdout }), 'line');
    return String(line);
  }

  it('SIGTERM ends its PostgreSQL and removes the data', async () => {
    const { command, data, pids } = await startedCommand();
    command.kill('SIGTERM');
    expect(await once(command, 'exit')).toEqual([143, null]);
    await eventually(() => running(pids).length === 0);
    expect(existsSync(data)).toBe(false);
  });

  it('SIGKILL also ends its PostgreSQL, even a frozen one; the next command removes the data', async () => {
    const { command, directory, data, pids } = await startedCommand();
    const frozen = nextLine(command);
    command.kill('SIGUSR2');
    await frozen;
    command.kill('SIGKILL');
    await eventually(() => running(pids).length === 0);
    endLeftovers(directory);
    removeRun(directory);
    expect(existsSync(data)).toBe(false);
  });
});
