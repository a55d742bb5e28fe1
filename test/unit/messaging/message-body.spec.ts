import { UnreadableMessageError, readBody } from '../../../src/messaging/message-body';
import { aMessage } from './a-message';

const read = (text: string) => readBody(Buffer.from(text));

/** What is wrong with a body; throws if the body can be read. */
function problemOf(content: Buffer): string {
  const body = readBody(content);
  if (body instanceof UnreadableMessageError) return body.message;
  throw new Error(`it was read: ${JSON.stringify(body)}`);
}

/** A JSON object nested to the given depth. */
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** A JSON object of exactly that many bytes. */
const sized = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;

describe('a body that can be read', () => {
  it('is the object that was sent', () => {
    expect(read('{"paymentId":"PAY-001","amount":99.99,"tags":["ä",null]}')).toEqual({
      paymentId: 'PAY-001',
      amount: 99.99,
      tags: ['ä', null],
    });
  });

  it('may be nested 16 levels deep', () => {
    expect(read(nested(16))).toMatchObject({ a: { a: {} } });
  });

  it('may have 64 kB', () => {
    expect(read(sized(65_536))).toEqual({ a: 'x'.repeat(65_528) });
  });

  it('may have any number of brackets in its texts', () => {
    const text = `${'['.repeat(100)}\\"${'{'.repeat(100)}`;
    expect(read(JSON.stringify({ text, last: '\\' }))).toEqual({ text, last: '\\' });
  });

  it('may have the forbidden names as values', () => {
    expect(read('{"name":"__proto__"}')).toEqual({ name: '__proto__' });
  });
});

describe('a body that cannot be read safely', () => {
  it.each([
    {
      what: 'is larger than 64 kB',
      body: sized(65_537),
      problem: 'the body has 65537 bytes, 65536 are allowed (MESSAGE_MAX_BYTES)',
    },
    {
      what: 'is nested 17 levels deep',
      body: nested(17),
      problem: 'the body is nested deeper than 16 levels',
    },
    {
      what: 'opens 60,000 brackets',
      body: '['.repeat(60_000),
      problem: 'the body is nested deeper than 16 levels',
    },
    {
      what: 'has more than 1,000 values',
      body: `{"a":[${'1,'.repeat(1_000)}1]}`,
      problem: 'the body has more than 1000 values',
    },
    { what: 'is not JSON', body: '{"a":', problem: 'the body is not JSON' },
    { what: 'is empty', body: '', problem: 'the body is not JSON' },
    { what: 'is an array', body: '[{}]', problem: 'the body is not a JSON object' },
    { what: 'is a text', body: '"text"', problem: 'the body is not a JSON object' },
    { what: 'is null', body: 'null', problem: 'the body is not a JSON object' },
    { what: 'is a number', body: '1', problem: 'the body is not a JSON object' },
  ])('is rejected if it $what', ({ body, problem }) => {
    expect(problemOf(Buffer.from(body))).toBe(problem);
  });

  it('is rejected if it is not UTF-8', () => {
    expect(problemOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBe('the body is not UTF-8');
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    'is rejected for a property named %s, at any depth',
    (name) => {
      const problem = `the body has a property named '${name}'`;
      expect(problemOf(Buffer.from(`{"${name}":{"admin":true}}`))).toBe(problem);
      expect(problemOf(Buffer.from(`{"a":[{"b":{"${name}":1}}]}`))).toBe(problem);
    },
  );

  it('is rejected for a forbidden name written with escapes', () => {
    expect(problemOf(Buffer.from('{"__pr\\u006fto__":1}'))).toBe("the body has a property named '__proto__'");
  });

  it('is not quoted', () => {
    expect(problemOf(Buffer.from('canary 4242424242424242'))).not.toMatch(/canary|4242/);
  });
});

describe('the size of a body', () => {
  it('can have another limit', () => {
    const content = Buffer.from(sized(100));
    expect(readBody(content, undefined, 100)).toEqual({ a: 'x'.repeat(92) });
    expect(readBody(content, undefined, 99)).toMatchObject({
      message: 'the body has 100 bytes, 99 are allowed (MESSAGE_MAX_BYTES)',
    });
  });
});

describe('the content encoding of a body', () => {
  const body = Buffer.from('{"paymentId":"PAY-001"}');
  const encoded = (contentEncoding: unknown) =>
    readBody(body, { properties: { ...aMessage({}).properties, contentEncoding } });

  it.each([undefined, '', 'identity', 'Identity', 'utf-8', 'UTF8'])('may be none: %p', (contentEncoding) => {
    expect(encoded(contentEncoding)).toEqual({ paymentId: 'PAY-001' });
  });

  it.each(['gzip', 'deflate', 'br', 'aes128gcm'])('is named if it prevents reading the body: %s', (name) => {
    expect(encoded(name)).toMatchObject({
      message: `the body has the content encoding '${name}'; it must be sent without one, or with 'identity'`,
    });
  });

  it('is quoted only up to 40 characters', () => {
    expect(encoded('x'.repeat(255))).toMatchObject({ message: expect.not.stringContaining('x'.repeat(41)) });
  });
});

describe('a number with more digits than JavaScript holds', () => {
  it.each([
    '{"amount":10.999999999999999999}',
    '{"amount":99.9900000000000000001e0}',
    '{"a":[1234567890123456]}',
  ])('is rejected, not rounded: %s', (text) => {
    expect(problemOf(Buffer.from(text))).toBe('the body has a number of more than 15 digits');
  });

  it.each(['{"amount":0.000000000000000001}', '{"paymentId":"12345678901234567890"}', '{"a\\"1":999999.99}'])(
    'is not found in a body without one: %s',
    (text) => {
      expect(read(text)).toEqual(JSON.parse(text));
    },
  );
});
