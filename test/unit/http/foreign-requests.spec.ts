import { isForeignHost, isForeignOrigin } from '../../../src/http/foreign-requests';

describe('a request to a host name that only this machine or network can have', () => {
  it.each([
    '127.0.0.1:3000',
    '127.0.0.1',
    '192.168.1.7:3000',
    '203.0.113.7',
    '[::1]:3000',
    '[::1]',
    '[2001:db8::7]:80',
    'localhost:3000',
    'LOCALHOST',
    'shop.localhost:3000',
    'service:3000',
    'payment-consumer_service-1:3000',
    'host.docker.internal:3000',
    'Payments.Internal',
  ])('is not foreign: %s', (host) => {
    expect(isForeignHost(host, '127.0.0.1')).toBe(false);
  });

  it('is not foreign if the name is configured', () => {
    const hosts = ['pay.example.com', 'PAY.example.com:3000', 'other.example.com', 'x.pay.example.com'];
    const found = hosts.map((host) => isForeignHost(host, 'Pay.Example.com'));
    expect(found).toEqual([false, false, true, true]);
  });
});

describe("a request to a host name that may be another owner's domain with this address", () => {
  it.each([
    'rebound.example',
    'rebound.example:3000',
    '127.0.0.1.nip.example:3000',
    'localhost.example',
    'evil-localhost.example',
    'internal.example:80',
    'localhost.',
    'evil.',
    '127.0.0.256',
  ])('is foreign: %s', (host) => {
    expect(isForeignHost(host, '127.0.0.1')).toBe(true);
  });

  it.each([
    undefined,
    '',
    ' ',
    ':3000',
    '.internal',
    'a..internal',
    'local host',
    'localhost:port',
    'localhost:123456',
    'localhost:3000, rebound.example',
    'user@localhost',
    'localhost/path',
    '[::1',
    '[127.0.0.1]',
    '[service]',
    '::1',
    'http://localhost',
    'schlüssel',
  ])('is foreign, too, if it is not a host: %p', (host) => {
    expect(isForeignHost(host, '127.0.0.1')).toBe(true);
  });
});

describe('a request from a page', () => {
  it.each([
    ['http://127.0.0.1:3000', '127.0.0.1:3000'],
    ['https://localhost', 'localhost'],
    ['http://[::1]:3000', '[::1]:3000'],
    ['http://shop.internal', 'Shop.Internal'],
  ])('of its own origin is not foreign: %s to %s', (origin, host) => {
    expect(isForeignOrigin(origin, host)).toBe(false);
  });

  it.each([
    ['http://evil.example', '127.0.0.1:3000'],
    // Another program on this machine, which might serve foreign pages.
    ['http://127.0.0.1:8080', '127.0.0.1:3000'],
    ['http://localhost:3000', '127.0.0.1:3000'],
    ['http://127.0.0.1', '127.0.0.1:3000'],
    ['http://127.0.0.1:3000.evil.example', '127.0.0.1:3000'],
    ['http://127.0.0.1:3000@evil.example', '127.0.0.1:3000'],
    ['http://127.0.0.1:3000, http://evil.example', '127.0.0.1:3000'],
    ['null', 'null'],
    ['', ''],
    ['127.0.0.1:3000', '127.0.0.1:3000'],
    ['file://', ''],
    ['http://localhost', undefined],
  ])('of another origin is foreign: %p to %p', (origin, host) => {
    expect(isForeignOrigin(origin, host)).toBe(true);
  });
});
