import type { Channel, ConsumeMessage } from 'amqplib';
import { Meter } from '../../../bench/meter';

/** Delivers messages to the meter's consumer; the real channel is not needed to count. */
function watchedChannel(meter: Meter) {
  let deliver: (message: ConsumeMessage) => void = () => undefined;
  const methods: Pick<Channel, 'ack' | 'nack' | 'consume'> = {
    ack: () => undefined,
    nack: () => undefined,
    consume: (_, onMessage) => {
      deliver = onMessage;
      return Promise.resolve({ consumerTag: '' });
    },
  };
  const channel = methods as Channel;
  meter.watch(channel);
  void channel.consume('queue', () => undefined);
  const deliveries = [1, 2, 3, 4].map((deliveryTag) => {
    const message = { fields: { deliveryTag } } as ConsumeMessage;
    deliver(message);
    return message;
  });
  return { channel, deliveries };
}

describe('the meter of the benchmark', () => {
  it('counts a joint acknowledgement for each message that it acknowledges', () => {
    const meter = new Meter();
    const { channel, deliveries } = watchedChannel(meter);
    deliveries.slice(2, 3).forEach((message) => channel.ack(message, true));
    const { done, latenciesMs } = meter.read();
    expect({ done, latencies: latenciesMs.length }).toEqual({ done: 3, latencies: 3 });
  });

  it('counts an acknowledgement of one message once, whatever came before it', () => {
    const meter = new Meter();
    const { channel, deliveries } = watchedChannel(meter);
    deliveries.slice(2, 3).forEach((message) => channel.ack(message));
    expect(meter.read().done).toBe(1);
  });

  it('counts a piece of work when it has ended', async () => {
    const meter = new Meter();
    let end = () => {};
    const timed = meter.time(() => new Promise((resolve) => (end = resolve)));
    const before = meter.read().done;
    end();
    await timed;
    const { done, latenciesMs, firstAtMs, lastAtMs } = meter.read();
    expect({ before, done, latenciesMs }).toEqual({
      before: 0,
      done: 1,
      latenciesMs: [lastAtMs - firstAtMs],
    });
  });

  it('does not count what a joint acknowledgement includes but went back to the queue before', () => {
    const meter = new Meter();
    const { channel, deliveries } = watchedChannel(meter);
    deliveries.slice(0, 1).forEach((message) => channel.nack(message, false, true));
    deliveries.slice(3, 4).forEach((message) => channel.ack(message, true));
    expect(meter.read()).toMatchObject({ done: 3, redelivered: 1 });
  });
});
