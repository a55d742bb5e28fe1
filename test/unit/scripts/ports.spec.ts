import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { freePort, freePorts, isPortFree, onFreePorts } from '../../../scripts/services/ports';

const opened: Server[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) server.close();
});

async function listenOn(port: number, host: string): Promise<Server> {
  const server = createServer();
  opened.push(server);
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, host, listening);
  });
  return server;
}

describe('free ports', () => {
  it('are all different', async () => {
    expect(new Set(await freePorts(20)).size).toBe(20);
  });

  it('can be listened on', async () => {
    const server = await listenOn(await freePort(), '127.0.0.1');
    expect(server.listening).toBe(true);
  });

  it.each(['127.0.0.1', '0.0.0.0'])(
    'do not include a port that a program listens on, on %s',
    async (host) => {
      const port = await freePort();
      await listenOn(port, host);
      expect(await isPortFree(port)).toBe(false);
    },
  );
});

describe('a port that another program takes between choice and use', () => {
  it('is replaced by another one', async () => {
    const chosen: number[] = [];
    const own = await onFreePorts(
      async () => {
        const port = await freePort();
        if (chosen.push(port) <= 2) await listenOn(port, '127.0.0.1');
        return [port];
      },
      ([port = 0]) => listenOn(port, '127.0.0.1'),
    );
    expect(own.address()).toMatchObject({ port: chosen[2] });
  });

  it('is detected by checking the port if the program does not report why it ended', async () => {
    const port = await freePort();
    await listenOn(port, '127.0.0.1');
    const ports = [port, await freePort()];
    const start = jest.fn(([first]: number[]) =>
      first === port ? Promise.reject(new Error('it ended')) : Promise.resolve(first),
    );
    expect(await onFreePorts(() => Promise.resolve([ports.shift() ?? 0]), start)).not.toBe(port);
  });

  it('is replaced a limited number of times', async () => {
    const port = await freePort();
    await listenOn(port, '127.0.0.1');
    const choose = jest.fn(() => Promise.resolve([port]));
    await expect(onFreePorts(choose, ([taken = 0]) => listenOn(taken, '127.0.0.1'))).rejects.toThrow(
      'EADDRINUSE',
    );
    expect(choose).toHaveBeenCalledTimes(5);
  });

  it('is not assumed when the program failed for another reason', async () => {
    const choose = jest.fn(async () => [await freePort()]);
    await expect(onFreePorts(choose, () => Promise.reject(new Error('a wrong environment')))).rejects.toThrow(
      'a wrong environment',
    );
    expect(choose).toHaveBeenCalledTimes(1);
  });
});
