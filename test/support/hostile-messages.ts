import { aPayment } from './payments';
import type { Payment } from './payments';
import type { JsonObject } from './json';
import { keyHeader } from './topology';

/** A message that must never be charged, and its dead-letter reason. */
export interface HostileMessage {
  name: string;
  reason: 'missing-idempotency-key' | 'invalid-idempotency-key' | 'invalid-message';
  body: string | Buffer;
  headers: JsonObject;
}

const cardNumber = '4242424242424242';

export const hostileMessages: HostileMessage[] = [...withoutKey(), ...withBadKey(), ...withBadBody()];

/** Texts that must not appear in a log line, a dead letter's detail or a response. */
export const secretsInHostileMessages = [cardNumber, '4242 4242 4242 4242'];

function withoutKey(): HostileMessage[] {
  const reason = 'missing-idempotency-key';
  const body = textWithout('idempotencyKey');
  const smuggled = Object.defineProperty({}, '__proto__', {
    value: { [keyHeader]: 'smuggled' },
    enumerable: true,
  });
  return [
    { name: 'no key anywhere', reason, body, headers: {} },
    { name: "a key inherited from a header table's __proto__", reason, body, headers: smuggled },
    { name: 'a key under a header of another name', reason, body, headers: { 'x-idempotency-key': 'abc' } },
  ];
}

function withBadKey(): HostileMessage[] {
  const reason = 'invalid-idempotency-key';
  const inHeader: [string, unknown][] = [
    ['256 characters', 'k'.repeat(256)],
    ['empty', ''],
    ['a number', 42],
    ['zero', 0],
    ['a fraction', 4.2],
    ['a boolean', true],
    ['null', null],
    ['a table', { key: 'abc' }],
    ['an array', ['abc']],
    ['a buffer', Buffer.from('abc')],
    ['a timestamp', { '!': 'timestamp', value: 1_700_000_000 }],
    ['with NUL', 'abc\u0000def'],
    ['with CR and LF', 'abc\r\ndef'],
    ['with a tab', 'abc\tdef'],
    ['with DEL', 'abc\u007fdef'],
    ['with a space', 'two words'],
    ['with a letter outside ASCII', 'schlüssel'],
    ['with an emoji', 'key-🔑'],
  ];
  const inBody: [string, unknown][] = [
    ['256 characters', 'k'.repeat(256)],
    ['empty', ''],
    ['a number', 42],
    ['an object', { key: 'abc' }],
    ['an array', ['abc']],
    ['with a line feed', 'abc\ndef'],
  ];
  const body = textWithout('idempotencyKey');
  return [
    ...inHeader.map(
      ([kind, key]) =>
        ({ name: `header key: ${kind}`, reason, body, headers: { [keyHeader]: key } }) as const,
    ),
    ...inBody.map(
      ([kind, key]) =>
        ({
          name: `body key: ${kind}`,
          reason,
          body: textWith({ idempotencyKey: key }),
          headers: {},
        }) as const,
    ),
    { name: 'header and body disagree', reason, body: textWith({}), headers: { [keyHeader]: 'another-key' } },
    {
      name: 'a good header and a numeric key in the body',
      reason,
      body: textWith({ idempotencyKey: 42 }),
      headers: { [keyHeader]: '42' },
    },
  ];
}

function withBadBody(): HostileMessage[] {
  const wrongFields: [string, JsonObject][] = [
    ['amount: negative', { amount: -99.99 }],
    ['amount: zero', { amount: 0 }],
    ['amount: a string', { amount: '99.99' }],
    ['amount: null', { amount: null }],
    ['amount: a boolean', { amount: true }],
    ['amount: an array', { amount: [99.99] }],
    ['amount: a fraction of a cent', { amount: 99.999 }],
    ['amount: sum of floats', { amount: 0.1 + 0.2 }],
    ['amount: far too small', { amount: 1e-7 }],
    ['amount: half a yen', { amount: 500.5, currency: 'JPY' }],
    ['amount: a single fils', { amount: 5.125, currency: 'KWD' }],
    ['amount: half a króna', { amount: 0.5, currency: 'ISK' }],
    ['amount: above the maximum of ISK', { amount: 1_000_000, currency: 'ISK' }],
    ['amount: above the maximum of IDR', { amount: 10_000_000_000, currency: 'IDR' }],
    ['amount: a fifth of an ariary', { amount: 0.2, currency: 'MGA' }],
    ['amount: above the maximum', { amount: 1_000_000_000 }],
    ['amount: beyond whole numbers', { amount: 1e21 }],
    ['currency: unknown', { currency: 'QQQ' }],
    ['currency: withdrawn, BGN', { currency: 'BGN' }],
    ['currency: withdrawn, ANG', { currency: 'ANG' }],
    ['currency: a metal', { currency: 'XAU' }],
    ['currency: for tests', { currency: 'XTS' }],
    ['currency: a number', { currency: 840 }],
    ['currency: empty', { currency: '' }],
    ['paymentId: a number', { paymentId: 1 }],
    ['paymentId: empty', { paymentId: '' }],
    ['customerId: an object', { customerId: {} }],
    ['customerId: a card number', { customerId: cardNumber }],
    ['customerId: a card number with spaces', { customerId: '4242 4242 4242 4242' }],
    ['paymentMethodId: a number', { paymentMethodId: 7 }],
    ['an unknown field', { discount: 100 }],
    ['more than 64 kB', { paymentId: 'P'.repeat(70_000) }],
    ['constructor', { constructor: { name: 'Payment' } }],
  ];
  const raw: [string, string | Buffer][] = [
    ['malformed JSON', '{"paymentId": "PAY-001", '],
    ['no body at all', ''],
    ['text', 'please charge 99.99'],
    ['something after the end', `${textWith({})} {}`],
    ['an array', `[${textWith({})}]`],
    ['null', 'null'],
    ['a JSON string', '"PAY-001"'],
    ['a number', '99.99'],
    ['true', 'true'],
    ['an empty object', '{}'],
    ['no paymentId', textWithout('idempotencyKey', 'paymentId')],
    ['no amount', textWithout('idempotencyKey', 'amount')],
    ['no customerId', textWithout('idempotencyKey', 'customerId')],
    ['amount: NaN', textWith({}).replace('99.99', 'NaN')],
    ['amount: infinite', textWith({}).replace('99.99', '1e999')],
    ['__proto__', textWith({}).replace('{', '{"__proto__":{"amount":1},')],
    ['__proto__ in place of the fields', '{"__proto__":{"paymentId":"P","amount":1,"customerId":"C"}}'],
    ['thousands of levels', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['deeper than 16 levels', textWith({}).replace('{', `{"note":${'['.repeat(20)}${']'.repeat(20)},`)],
    ['invalid UTF-8', Buffer.from(textWith({}).replace('CUST-001', 'CUST-\u00ff'), 'latin1')],
  ];
  return [...wrongFields.map(([name, fields]) => [name, textWith(fields)] as const), ...raw].map(
    ([name, body]) => ({
      name: `body: ${name}`,
      reason: 'invalid-message',
      body,
      headers: { [keyHeader]: keyOf(body) },
    }),
  );
}

function textWith(fields: JsonObject): string {
  return JSON.stringify({ ...aPayment(), ...fields });
}

function textWithout(...names: (keyof Payment)[]): string {
  return JSON.stringify(aPayment(), (name, value: unknown) =>
    names.some((unwanted) => unwanted === name) ? undefined : value,
  );
}

/** The header gets the body's key if there is one, so that only the body is invalid. */
function keyOf(body: string | Buffer): string {
  return /"idempotencyKey":"([^"]+)"/.exec(body.toString('latin1'))?.[1] ?? aPayment().idempotencyKey;
}
