import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { FaultyProxy } from '../../faults/proxy';
import { eventually } from '../../support/eventually';

describe('the proxy between a consumer and a dependency', () => {
  let server: Server;
  let arrived: string;
  let proxy: FaultyProxy;
  let port: number;
  let client: Socket;
  let answered: string;

  beforeEach(async () => {
    arrived = '';
    answered = '';
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        arrived += chunk.toString();
        socket.write(chunk);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
    const direct = `redis://127.0.0.1:${address.port}`;
    proxy = await FaultyProxy.inFrontOf(direct);
    port = Number(new URL(proxy.urlFor(direct)).port);
    client = connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    client.on('data', (chunk) => (answered += chunk.toString()));
    await say('hello ');
    await eventually(() => answered === 'hello ');
  });

  afterEach(async () => {
    client.destroy();
    await proxy.close();
    server.close();
  });

  it('keeps the order of bytes when a delay ends while a chunk is delayed', async () => {
    proxy.begin('delay');
    await say('one ');
    await eventually(() => arrived === 'hello one ');
    proxy.end();
    await say('two');
    await eventually(() => answered.length === 'hello one two'.length);
    expect({ arrived, answered }).toEqual({ arrived: 'hello one two', answered: 'hello one two' });
  });

  it('as a black hole delivers nothing until the fault ends, and then everything', async () => {
    proxy.begin('black-hole');
    await say('one');
    proxy.end();
    await eventually(() => answered === 'hello one');
    expect(arrived).toBe('hello one');
  });

  it('half-open lets requests through but no answers, until it resets the connection', async () => {
    proxy.begin('half-open');
    await say('one');
    await eventually(() => arrived === 'hello one');
    const closed = new Promise((done) => client.once('close', done));
    proxy.end();
    await closed;
    expect(answered).toBe('hello ');
  });

  it('catches the wanted bytes once, and delivers them when it is told to', async () => {
    let deliver: (() => void) | undefined;
    proxy.catchNext(
      (bytes) => bytes.includes('wanted'),
      (caught) => (deliver = caught.deliver),
    );
    await say('other ');
    await eventually(() => arrived === 'hello other ');
    await say('wanted ');
    await eventually(() => deliver !== undefined);
    await say('also wanted ');
    await eventually(() => arrived === 'hello other also wanted ');
    deliver?.();
    await eventually(() => arrived === 'hello other also wanted wanted ');
  });

  it('delivers caught bytes even after their client has lost the connection', async () => {
    const closed = new Promise((done) => client.once('close', done));
    proxy.catchNext(
      () => true,
      (caught) => {
        caught.loseClient();
        void closed.then(caught.deliver).then(caught.hangUp);
      },
    );
    await say('COMMIT');
    await eventually(() => arrived === 'hello COMMIT');
    expect(answered).toBe('hello ');
  });

  it.each(['cut', 'reset'] as const)(
    '%s: closes open connections, and accepts none until the fault ends',
    async (trouble) => {
      const closed = new Promise((done) => client.once('close', done));
      proxy.begin(trouble);
      await closed;
      const next = connect(port, '127.0.0.1');
      await expect(once(next, 'data')).rejects.toThrow();
    },
  );

  async function say(text: string): Promise<void> {
    await new Promise<void>((sent) => client.write(text, () => sent()));
  }
});
