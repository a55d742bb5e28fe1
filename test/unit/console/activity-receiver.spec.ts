import type { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Logger } from '@nestjs/common';
import type { Report } from '../../../src/console/activity';
import { ActivityLog } from '../../../src/console/activity-log';
import { ActivityReceiver } from '../../../src/console/activity-receiver';
import { aReport } from './a-report';

type Hear = (message: { content: Buffer }) => void;

/** A console on a channel that a test speaks through. */
async function listening() {
  const log = new ActivityLog();
  const queues: unknown[] = [];
  const heard: Report[] = [];
  log.arrivals.subscribe((report) => heard.push(report));
  let hear: Hear = () => undefined;
  const channel = {
    assertQueue: (_: string, options: unknown) =>
      Promise.resolve({ queue: 'q', asked: queues.push(options) }),
    bindQueue: () => Promise.resolve(),
    consume: (_: string, listener: Hear) => Promise.resolve((hear = listener)),
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
  return { queues, heard, log, send: (text: string) => hear({ content: Buffer.from(text) }) };
}

describe('what the console hears', () => {
  afterEach(() => jest.restoreAllMocks());

  it('waits in a queue that is bounded in number and in bytes', async () => {
    const { queues } = await listening();
    expect(queues).toEqual([
      expect.objectContaining({ maxLength: 1_000, arguments: { 'x-max-length-bytes': 8_388_608 } }),
    ]);
  });

  it('has the time at which it was heard, whatever clock its sender has', async () => {
    const before = Date.now();
    const { send, heard } = await listening();
    for (const at of [0, 8.64e15]) send(JSON.stringify(aReport({ at })));
    expect(heard).toHaveLength(2);
    expect(heard.filter(({ at }) => at < before || at > Date.now())).toEqual([]);
  });

  it('is left out whole when it is no report, and changes no count', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const { send, heard, log } = await listening();
    const counts = { ...aReport().counts, charged: null };
    for (const wrong of [{ ...aReport(), counts }, { ...aReport(), happenings: [null] }, null])
      send(JSON.stringify(wrong));
    expect([heard, log.snapshot()]).toEqual([[], new ActivityLog().snapshot()]);
  });

  it('is named in the log once a minute when it is no report, with its number and without its content', async () => {
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
