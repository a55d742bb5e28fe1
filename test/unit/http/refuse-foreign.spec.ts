import { connect } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { parseEnvironment } from '../../../src/config/parse-environment';
import { refuseForeign } from '../../../src/http/refuse-foreign';
import { send } from '../../support/raw-http';

class NothingModule {}

describe('development endpoints of a service with a configured name', () => {
  let app: INestApplication;
  let url = '';

  beforeAll(async () => {
    const environment = parseEnvironment({
      HOST: 'pay.example.com',
      RABBITMQ_URL: 'amqp://localhost',
      REDIS_URL: 'redis://localhost',
      STRIPE_API_KEY: 'sk_test_spec',
    });
    app = await NestFactory.create({ module: NothingModule }, { logger: false });
    app.use(refuseForeign(environment));
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  // 404: the path does not exist, but the request was not refused.
  it.each([
    { host: 'pay.example.com:3000', status: 404 },
    { host: 'other.example.com:3000', status: 403 },
  ])('answer requests to this name and to no other: $host', async ({ host, status }) => {
    expect((await send(`${url}/payments`, { headers: { host } })).status).toBe(status);
  });

  it('answer requests from their own pages', async () => {
    const headers = { host: 'pay.example.com:3000', origin: 'http://pay.example.com:3000' };
    expect((await send(`${url}/payments`, { headers })).status).toBe(404);
  });

  it('refuse a request without a Host header, which HTTP/1.0 permits', async () => {
    expect(await answerTo(url, 'GET /payments HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
  });
});

function answerTo(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('utf8').end(text);
  return socket.toArray().then((parts) => parts.join(''));
}
