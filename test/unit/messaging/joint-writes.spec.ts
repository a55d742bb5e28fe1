import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { Mux } from 'amqplib/lib/mux';
import '../../../src/messaging/joint-writes';

it('the frames of several channels in one turn go to the socket together', async () => {
  const writes: string[][] = [];
  const socket = new Writable({
    write: (chunk: Buffer, _, done) => {
      writes.push([String(chunk)]);
      setImmediate(done);
    },
    writev: (parts, done) => {
      writes.push(parts.map(({ chunk }) => String(chunk)));
      setImmediate(done);
    },
  });
  const mux = new Mux(socket);
  const channels = [1, 2].map(() => new PassThrough({ objectMode: true }));
  for (const channel of channels) mux.pipeFrom(channel);
  for (const [at, channel] of channels.entries()) {
    channel.write(Buffer.from(`${at} ack`));
    channel.write(Buffer.from(`${at} publish`));
  }
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  socket.end();
  await once(socket, 'finish');
  expect(writes.map((frames) => frames.toSorted())).toEqual([['0 ack', '0 publish', '1 ack', '1 publish']]);
});
