import type { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Logger } from '@nestjs/common';
import type { Report } from '../../../../src/dev/console/activity';
import { ActivityLog } from '../../../../src/dev/console/activity-log';
import { ActivityReceiver } from '../../../../src/dev/console/activity-receiver';
import { aReport } from './a-report';

type Listener = (message: { content: Buffer }) => void;

/** A console on a channel that the test controls. */
async function listening() {
  const log = new ActivityLog();
  const queues: unknown[] = [];
  const received: Report[] = [];
  log.arrivals.subscribe((report) => received.push(report));
  let deliver: Listener = () => undefined;
  const channel = {
    assertQueue: (_: string, options: unknown) =>
      Promise.resolve({ queue: 'q', asked: queues.push(options) }),
    bindQueue: () => Promise.resolve(),
    consume: (_: string, listener: Listener) => Promise.resolve((deliver = listener)),
  };
  let opened: Promise<void> = Promise.resolve();
  const createChannel = ({ setup }: { setup: (given: typeof channel) => Promise<void> }) => {
    opened = setup(channel);
    return { on: () => undefined };
  };
  new ActivityReceiver(
    { managedConnection: { createChannel } } as unknown as AmqpConnection,
    log,
  ).onModuleInit();
  await opened;
  return { queues, received, log, send: (text: string) => deliver({ content: Buffer.from(text) }) };
}

describe('a report that the console receives', () => {
  afterEach(() => jest.restoreAllMocks());

  it('waits in a queue that is bounded in number and in bytes', async () => {
    const { queues } = await listening();
    expect(queues).toEqual([
      expect.objectContaining({ maxLength: 1_000, arguments: { 'x-max-length-bytes': 8_388_608 } }),
    ]);
  });

  it("has the time of its arrival, whatever its sender's clock", async () => {
    const before = Date.now();
    const { send, received } = await listening();
    for (const at of [0, 8.64e15]) send(JSON.stringify(aReport({ at })));
    expect(received).toHaveLength(2);
    expect(received.filter(({ at }) => at < before || at > Date.now())).toEqual([]);
  });

  it('is dropped completely if it is invalid, and changes no count', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const { send, received, log } = await listening();
    const counts = { ...aReport().counts, charged: null };
    for (const wrong of [{ ...aReport(), counts }, { ...aReport(), happenings: [null] }, null])
      send(JSON.stringify(wrong));
    expect([received, log.snapshot()]).toEqual([[], new ActivityLog().snapshot()]);
  });

  it('if it is invalid, is logged once a minute with the number of dropped ones and without its content', async () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const { send } = await listening();
    const sendMany = () => [...Array(1_000).keys()].forEach(() => send('{"process":"4242424242424242"}'));
    sendMany();
    expect(warn).toHaveBeenCalledTimes(1);
    now.mockReturnValue(60_000);
    sendMany();
    expect(warn).toHaveBeenCalledTimes(2);
    expect(warn.mock.calls.at(-1)).toEqual([
      { exchange: 'amq.topic', routingKey: 'payment-consumer.activity', dropped: 1_000 },
      expect.stringContaining('not a valid report'),
    ]);
    expect(JSON.stringify(warn.mock.calls)).not.toContain('4242');
  });
});
