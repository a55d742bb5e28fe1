import { networkInterfaces } from 'node:os';
import { freePort } from '../support/free-port';
import type { Service } from '../support/service';
import { send } from '../support/raw-http';
import { useWorld } from '../support/world';

/** An address of this machine, but not the loopback address that a service in development listens on. */
const another = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const addresses = [another ?? '127.0.0.2'];

function livenessUrl({ url }: Service, address: string): string {
  return `http://${address}:${new URL(url).port}/health/live`;
}

describe('a service in development', () => {
  const world = useWorld();

  it.each(addresses)('cannot be reached from other machines: not at %s', async (address) => {
    await expect(send(livenessUrl(world.service, address), {})).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});

describe('a service in production', () => {
  const world = useWorld({ services: 0, env: { NODE_ENV: 'production', ALLOW_INSECURE_URLS: 'true' } });

  it.each(addresses)('can be reached from other machines: also at %s', async (address) => {
    const service = await world.startService();
    expect((await send(livenessUrl(service, address), {})).status).toBe(200);
  });
});

describe('a start with an address that this machine does not have', () => {
  const world = useWorld({ services: 0 });

  it.each(['203.0.113.7', 'no-such-machine.invalid'])('fails and names HOST: %s', async (HOST) => {
    const service = await world.startService({ env: { HOST }, port: await freePort(), waitFor: 'none' });
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.output).toContain(
      `HOST and PORT must be an address of this machine that is free, but ${HOST} `,
    );
    expect(service.output).not.toMatch(/^\s+at /m);
  });
});
