import { InvalidEnvironmentError } from '../../../src/config/invalid-environment.error';
import { parseEnvironment } from '../../../src/config/parse-environment';

const required = { RABBITMQ_URL: 'amqp://localhost', STRIPE_API_KEY: 'sk_test_spec' };

const parsing = (url: string, more: Record<string, string> = {}) =>
  parseEnvironment({ ...required, ...more, REDIS_URL: url });

describe('REDIS_URL of sentinels', () => {
  it.each([
    'redis+sentinel://one/payments',
    'redis+sentinel://user:secret@one:26379/payments/3',
    'rediss+sentinel://one/payments,rediss+sentinel://two:26380/payments',
  ])('is accepted as %s', (url) => {
    expect(parsing(url).redisUrls).toEqual(url.split(','));
  });

  it.each([
    ['without a master', 'redis+sentinel://one'],
    ['without a master', 'redis+sentinel://one/'],
    ['with a database that is not a number', 'redis+sentinel://one/payments/first'],
    ['with several masters', 'redis+sentinel://one/payments,redis+sentinel://two/orders'],
    ['together with a server', 'redis+sentinel://one/payments,redis://two'],
    ['partly encrypted', 'redis+sentinel://one/payments,rediss+sentinel://two/payments'],
  ])('is refused %s', (_, url) => {
    expect(() => parsing(url)).toThrow('REDIS_URL must name the same master in each of its sentinels');
  });

  it('is refused unencrypted in production', () => {
    const parse = () => parsing('redis+sentinel://sentinel/payments', { NODE_ENV: 'production' });
    expect(parse).toThrow(InvalidEnvironmentError);
    expect(parse).toThrow('REDIS_URL must use rediss+sentinel:// for sentinel in production');
  });

  it('does not reveal the password if it is wrong', () => {
    expect(() => parsing('redis+sentinel://user:canary@one')).toThrow(/^(?!.*canary)/s);
  });
});
