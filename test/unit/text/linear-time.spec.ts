import { parseEnvironment } from '../../../src/config/parse-environment';
import { printable, printableLines } from '../../../src/text/printable';
import { plainKey, readKey } from '../../../src/idempotency';
import { deadLetterFrom } from '../../../src/dead-letters/dead-letter';
import { deadLetterHeaders } from '../../../src/messaging/dead-letter-headers';
import { measure, readBody } from '../../../src/messaging/message-body';
import { copyOf } from '../../../src/messaging/message-copy';
import { historyOf, identityOf } from '../../../src/messaging/message-history';
import { PaymentSucceededPipe } from '../../../src/notification/payment-succeeded.pipe';
import { lineFinisher } from '../../../src/observability/logging/log-line';
import { redactor } from '../../../src/observability/logging/log-redaction';
import { looksLikeCardNumber } from '../../../src/text/card-number';
import { PaymentRequestPipe } from '../../../src/payment/payment-request.pipe';
import { aMessage } from '../messaging/a-message';

/** A function that throws for what it refuses does so in linear time, too. */
const tried = (read: (text: string) => unknown) => (text: string) => {
  try {
    read(text);
  } catch {
    // Refused.
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

/** Everything that works on text of others, before anything has bounded it. */
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

/** What texts are made of that are dear to some expression or other. */
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

/** Doubled four times: to half of what is parsed of a message. */
const SHORT = 2_048;
const LONG = 32_768;
/** Less says nothing; where the time grows with its square it takes seconds. */
const MEASURABLE_MS = 20;
/** Sixteen times the text takes sixteen times the time, 256 times where the time grows with its square. */
const MOST_TIMES = 64;
const ROUNDS = 5;

/** Of the processor, not of the clock: other processes have no part in it. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** How many times as long the long text takes; 0 where that is too little to be measured. The least of some rounds. */
function growthOf(read: (text: string) => unknown, unit: string): number {
  const ofLength = (length: number) => unit.repeat(Math.ceil(length / unit.length));
  const [short, long] = [ofLength(SHORT), ofLength(LONG)];
  const longMs = () => cpuMs(() => read(long));
  // Many times, because once is too little to be measured.
  const shortMs = () => cpuMs(() => Array.from({ length: 32 }, () => read(short))) / 32;
  let growth = Infinity;
  for (let round = 0; round < ROUNDS && growth > MOST_TIMES; round++) {
    const ms = longMs();
    growth = Math.min(growth, ms < MEASURABLE_MS ? 0 : ms / shortMs());
  }
  return growth;
}

describe('text of others that is doubled four times', () => {
  it.each(Object.keys(readers))('takes time in proportion, whatever it is made of: %s', (name) => {
    const read = tried(readers[name] ?? (() => undefined));
    const grown = units.map((unit) => ({ unit, growth: growthOf(read, unit) }));
    expect(grown.filter(({ growth }) => growth > MOST_TIMES)).toEqual([]);
  });

  it('takes far more where an expression is quadratic, which this measurement sees', () => {
    const quadratic = (text: string) => text.replace(/"(?:[^"\\]|\\.)*"/g, '');
    expect(growthOf(quadratic, '\\"')).toBeGreaterThan(MOST_TIMES);
  });
});
