import { FaultInjection } from '../../../../src/dev/sandbox/fault-injection';
import { Faults } from '../../../../src/dev/sandbox/faults';
import { openJournal } from '../../../../src/dev/sandbox/journal';
import { Ledger } from '../../../../src/dev/sandbox/ledger';
import { Webhooks, type WebhookLimits } from '../../../../src/dev/sandbox/webhooks';
import { eventually } from '../../../support/eventually';
import { WebhookReceiver } from '../../../support/webhook-receiver';
import { aCharge } from './entries';

const limits: WebhookLimits = {
  attempts: 4,
  answerWithinMs: 10_000,
  firstPauseMs: 1,
  longestPauseMs: 1_000,
  underDelivery: 10,
  listed: 3,
};

describe('webhooks', () => {
  let receiver: WebhookReceiver;
  let url: string;
  let webhooks: Webhooks;
  let written: string[];
  const stderr = process.stderr.write.bind(process.stderr);

  beforeEach(async () => {
    receiver = new WebhookReceiver();
    url = await receiver.listen();
    written = [];
    process.stderr.write = (text) => written.push(String(text)) > 0;
  });

  afterEach(async () => {
    process.stderr.write = stderr;
    webhooks.stop();
    await receiver.close();
  });

  async function start(changed: Partial<WebhookLimits> = {}): Promise<void> {
    const injection = new FaultInjection(new Faults(), new Ledger(await openJournal(null)));
    webhooks = new Webhooks({ url, secret: receiver.secret }, injection, { ...limits, ...changed });
  }

  it('are given up after the last attempt, and the log says so', async () => {
    await start();
    receiver.answerNext(500, 500, 500, 500);
    webhooks.send(aCharge());
    await eventually(() => expect(written).toEqual([expect.stringContaining('is lost after 4 attempts')]));
    expect([receiver.received.length, webhooks.list()]).toEqual([
      4,
      [expect.objectContaining({ attempts: 4, lastStatus: 500, delivered: false })],
    ]);
  });

  it('are sent again if the receiver does not answer in time', async () => {
    await start({ answerWithinMs: 100 });
    receiver.answerNext('none');
    webhooks.send(aCharge());
    await eventually(() => expect(webhooks.list()).toMatchObject([{ attempts: 2, delivered: true }]));
  });

  it('are lost above the number under delivery, and the log says so', async () => {
    await start({ underDelivery: 1 });
    receiver.answerNext('none');
    webhooks.send(aCharge());
    webhooks.send(aCharge());
    expect([webhooks.list().map(({ attempts }) => attempts), written]).toEqual([
      [0, 0],
      [expect.stringContaining('is lost: 1 others have not arrived')],
    ]);
  });

  it('are accepted again when one has arrived', async () => {
    await start({ underDelivery: 1 });
    webhooks.send(aCharge());
    await eventually(() => expect(webhooks.list()[0]?.delivered).toBe(true));
    webhooks.send(aCharge());
    await eventually(() => expect(webhooks.list()[1]?.delivered).toBe(true));
  });

  it('are listed up to a number, the latest ones', async () => {
    await start();
    const keys = ['1', '2', '3', '4'];
    for (const key of keys) webhooks.send(aCharge({ metadata: { idempotency_key: key } }));
    expect(webhooks.list().map(({ key }) => key)).toEqual(['2', '3', '4']);
  });

  it('are not sent after the end of the sandbox', async () => {
    const slow = { firstPauseMs: 200 };
    await start(slow);
    receiver.answerNext(500, 500);
    webhooks.send(aCharge());
    await eventually(() => expect(webhooks.list()[0]?.lastStatus).toBe(500));
    webhooks.stop();
    // The next attempt of these is due later.
    await start(slow);
    webhooks.send(aCharge());
    await eventually(() => expect(webhooks.list()[0]?.delivered).toBe(true));
    expect([receiver.received.length, written]).toEqual([3, []]);
  });
});
