import { parseEnvironment } from '../../../src/config/parse-environment';
import { printable, printableLines } from '../../../src/text/printable';
import { plainKey, readKey } from 'nestjs-idempotent';
import { deadLetterFrom } from '../../../src/operations/dead-letters/dead-letter';
import { deadLetterHeaders } from '../../../src/messaging/dead-letter-headers';
import { measure, readBody } from '../../../src/messaging/message-body';
import { copyOf } from '../../../src/messaging/message-copy';
import { historyOf, identityOf } from '../../../src/messaging/message-headers';
import { PaymentSucceededPipe } from '../../../src/notification/payment-succeeded.pipe';
import { lineFinisher } from '../../../src/observability/logging/log-line';
import { redactor } from '../../../src/observability/logging/log-redaction';
import { looksLikeCardNumber } from '../../../src/text/card-number';
import { PaymentRequestPipe } from '../../../src/payment/payment-request.pipe';
import { aMessage } from '../messaging/a-message';

/** A function that throws for invalid text must also do so in linear time. */
const tried = (read: (text: string) => unknown) => (text: string) => {
  try {
    read(text);
  } catch {
    // The text is invalid.
  }
};
const withHeaders = (headers: Record<string, unknown>) => aMessage({ properties: { headers } });
const event = {
  paymentId: 'PAY-001',
  idempotencyKey: 'k',
  chargeId: 'pi_1',
  amountMinorUnits: 1,
  currency: 'USD',
};
const payment = { paymentId: 'PAY-001', amount: 1, customerId: 'CUST-001' };
const requests = new PaymentRequestPipe(
  parseEnvironment({
    RABBITMQ_URL: 'amqp://localhost',
    REDIS_URL: 'redis://localhost',
    STRIPE_API_KEY: 'the-configured-key',
  }),
);
const events = new PaymentSucceededPipe();
const redact = redactor(['the-configured-key']);

/** Every function that reads foreign text before its length is limited. */
const readers: Record<string, (text: string) => unknown> = {
  'a body': (text) => readBody(Buffer.from(text), undefined, Infinity),
  'a body that is one text': (text) => readBody(Buffer.from(JSON.stringify({ text })), undefined, Infinity),
  'the measures of a body': measure,
  'printable text': (text) => printable(text),
  'printable lines': printableLines,
  'a log line': lineFinisher(redact),
  'a field of a log line': (text) => lineFinisher(redact)(JSON.stringify({ cvc: text, msg: text })),
  redaction: redact,
  'the detail of a dead letter': (detail) =>
    deadLetterHeaders({ reason: 'invalid-message', detail, routingKey: 'payment.requested' }),
  'the name of a header': (text) =>
    copyOf(withHeaders({ [text]: 1, CC: text, [`${text}CC`]: { '!': text } })),
  'the value of a header': (text) => copyOf(withHeaders({ 'x-own': text, 'x-dropped': text })),
  'a dead letter': (text) =>
    deadLetterFrom(
      aMessage({
        content: text,
        properties: { headers: { 'idempotency-key': text, 'x-dead-letter-detail': text, 'x-own': text } },
      }),
    ),
  'the history of a message': (text) => [
    historyOf(withHeaders({ 'x-attempts': text })),
    identityOf(withHeaders({ 'idempotency-key': text })),
  ],
  'a key': (text) => readKey({ header: 'k' }, { headers: { k: text }, payload: {} }),
  'a quoted key': plainKey,
  'a quoted key without an end': (text) => plainKey(`"${text}`),
  'a card number': looksLikeCardNumber,
  ...Object.fromEntries(
    ['paymentId', 'currency', 'paymentMethodId', 'receiptEmail', 'other'].map((field) => [
      `the field ${field} of a request`,
      (text: string) => requests.transform({ ...payment, [field]: text }),
    ]),
  ),
  'the name of a field': (text) => requests.transform({ ...payment, [text]: 1 }),
  'a text of an event': (text) =>
    events.transform({ ...event, chargeId: text, receiptEmail: text, customerId: text }),
};

/** Parts of texts that could be slow for one of the regular expressions. */
const units = [
  '"',
  '\\"',
  '\\',
  '\\\\n',
  '{"a":',
  '[',
  '[1,',
  '1',
  '1.',
  '4 ',
  '4242-',
  ' ',
  '\n',
  ', ',
  '\u202e',
  'a',
  'ä',
  'a@',
  'a.',
  '@a.',
  '://',
  '://a',
  'sk_test_',
  '"cvc":"\\',
  '"password":1',
];

/** `LONG` is `SHORT` doubled four times, and half of the longest message that is parsed. */
const SHORT = 2_048;
const LONG = 32_768;
/** Shorter times cannot be compared; a quadratic function takes seconds. */
const MEASURABLE_MS = 20;
/** Sixteen times the text takes sixteen times as long in linear time, and 256 times as long in quadratic time. */
const MOST_TIMES = 64;
const ROUNDS = 5;

/** CPU time and not elapsed time, so that other processes have no influence. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** How many times as long the long text takes, the minimum of some rounds; 0 if the time is too short to measure. */
function growthOf(read: (text: string) => unknown, unit: string): number {
  const ofLength = (length: number) => unit.repeat(Math.ceil(length / unit.length));
  const [short, long] = [ofLength(SHORT), ofLength(LONG)];
  const longMs = () => cpuMs(() => read(long));
  // Many times, because a single run is too short to measure.
  const shortMs = () => cpuMs(() => Array.from({ length: 32 }, () => read(short))) / 32;
  let growth = Infinity;
  for (let round = 0; round < ROUNDS && growth > MOST_TIMES; round++) {
    const ms = longMs();
    growth = Math.min(growth, ms < MEASURABLE_MS ? 0 : ms / shortMs());
  }
  return growth;
}

describe('foreign text that is sixteen times as long', () => {
  it.each(Object.keys(readers))('takes time in proportion, whatever its content: %s', (name) => {
    const read = tried(readers[name] ?? (() => undefined));
    const grown = units.map((unit) => ({ unit, growth: growthOf(read, unit) }));
    expect(grown.filter(({ growth }) => growth > MOST_TIMES)).toEqual([]);
  });

  it('takes far more time with a quadratic expression, which this measurement detects', () => {
    const quadratic = (text: string) => text.replace(/"(?:[^"\\]|\\.)*"/g, '');
    expect(growthOf(quadratic, '\\"')).toBeGreaterThan(MOST_TIMES);
  });
});
