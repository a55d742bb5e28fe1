import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { freePort, freePorts, isPortFree } from '../../../scripts/services/ports';

async function listenOn(port: number, host: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(port, host, listening));
  return server;
}

describe('free ports', () => {
  it('are all different', async () => {
    expect(new Set(await freePorts(20)).size).toBe(20);
  });

  it('can be listened on', async () => {
    const server = await listenOn(await freePort(), '127.0.0.1');
    expect(server.listening).toBe(true);
    server.close();
  });

  it.each(['127.0.0.1', '0.0.0.0'])('are not those that somebody listens on, here on %s', async (host) => {
    const port = await freePort();
    const server = await listenOn(port, host);
    expect(await isPortFree(port)).toBe(false);
    server.close();
  });
});
