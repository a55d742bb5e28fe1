import { redactor } from '../../../src/observability/logging/log-redaction';

const redact = redactor(['an-odd-secret']);

describe('a log line', () => {
  it.each([
    [
      'credentials in a URL',
      'connect amqp://user:pa55word@broker:5672/v',
      'connect amqp://[redacted]@broker:5672/v',
    ],
    ['a password without a user', 'redis://:pa55word@redis', 'redis://[redacted]@redis'],
    ['a Stripe key', 'Invalid API Key: sk_live_abc123', 'Invalid API Key: sk_live_[redacted]'],
    ['the configured key, whatever it looks like', 'key=an-odd-secret.', 'key=[redacted].'],
    [
      'an authorization header',
      '{"headers":{"authorization":"Bearer x\\"y"}}',
      '{"headers":{"authorization":"[redacted]"}}',
    ],
    ['a cookie', '{"set-cookie":"a=b"}', '{"set-cookie":"[redacted]"}'],
    [
      'a card verification number',
      '{"card":{"cvc":123,"CVV":"4567"}}',
      '{"card":{"cvc":"[redacted]","CVV":"[redacted]"}}',
    ],
    ['a card number', '{"note":"card 4242424242424242, thanks"}', '{"note":"card [redacted], thanks"}'],
    ['a card number as a number', '{"x":4242424242424242}', '{"x":[redacted]}'],
    ['a card number in groups', '4242 4242 4242 4242 or 4242-4242-4242-4242', '[redacted] or [redacted]'],
    ['an American Express number', '378282246310005 and 3782 822463 10005', '[redacted] and [redacted]'],
    ['an e-mail address', 'refused for jane.doe+x@mail.example.com', 'refused for [redacted]'],
  ])('loses %s', (_, line, expected) => {
    expect(redact(line)).toBe(expected);
  });

  it.each([
    ['an idempotency key', '{"idempotencyKey":"abc-123-def-456","paymentId":"PAY-001"}'],
    ['a UUID of digits', '44444444-4444-4444-8444-444444444442'],
    ['a time in milliseconds', '{"at":1764081234563}'],
    ['digits that are not a card number', '{"id":4242424242424241}'],
    ['a hash', '{"fingerprint":"ab4242424242424242cd"}'],
    ['a package version in a stack', 'at run (node_modules/pkg@1.2.3/index.js:1:2)'],
    ['a URL without credentials', 'amqp://broker:5672/payments'],
  ])('keeps %s', (_, line) => {
    expect(redact(line)).toBe(line);
  });

  it('keeps words that contain a very short secret', () => {
    expect(redactor(['pay'])('Processing payment')).toBe('Processing payment');
  });
});
