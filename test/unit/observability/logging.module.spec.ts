import { createServer } from 'node:http';
import { once } from 'node:events';
import { pino } from 'pino';
import pinoHttp from 'pino-http';
import { parseEnvironment } from '../../../src/config/parse-environment';
import { loggerOptions } from '../../../src/observability/logging/logging.module';

const environment = (variables: Record<string, string> = {}) =>
  parseEnvironment({
    RABBITMQ_URL: 'amqp://localhost',
    REDIS_URL: 'redis://localhost',
    STRIPE_API_KEY: 'the-configured-key',
    ...variables,
  });

/** Collects what a logger writes, one parsed line after the other. */
function collector() {
  const lines: unknown[] = [];
  return { lines, stream: { write: (line: string) => void lines.push(JSON.parse(line)) } };
}

/** The lines logged for one HTTP request that is answered with this status. */
async function linesForRequest(request: { path: string; status: number; level: string }): Promise<unknown[]> {
  const { lines, stream } = collector();
  const log = pinoHttp(loggerOptions(environment({ LOG_LEVEL: request.level })), stream);
  const server = createServer((incoming, response) => {
    log(incoming, response);
    response.writeHead(request.status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await fetch(`http://127.0.0.1:${port}${request.path}`, { headers: { authorization: 'Bearer secret' } });
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  return lines;
}

describe('a log line', () => {
  it('is an object with a readable level and time', () => {
    const { lines, stream } = collector();
    pino(loggerOptions(environment()), stream).info(
      { paymentId: 'PAY-001', attempt: 1 },
      'Processing payment',
    );
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        paymentId: 'PAY-001',
        attempt: 1,
        msg: 'Processing payment',
      }),
    ]);
  });

  it('contains no secret, wherever it is in an error', () => {
    const { lines, stream } = collector();
    const error = new Error(
      'amqp://user:canary@broker refused the-configured-key, not whsec_canary0123456789',
    );
    const secret = { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef,whsec_canary0123456789' };
    pino(loggerOptions(environment(secret)), stream).error(
      { err: error, nested: { deep: { password: 'canary' } } },
      'Lost',
    );
    expect(JSON.stringify(lines)).not.toMatch(/canary|the-configured-key/);
  });

  it('is not written below LOG_LEVEL', () => {
    const { lines, stream } = collector();
    pino(loggerOptions(environment({ LOG_LEVEL: 'error' })), stream).warn('Not now');
    expect(lines).toEqual([]);
  });
});

describe('an HTTP request', () => {
  it('is logged at debug level with method, path and status, and without headers', async () => {
    const lines = await linesForRequest({ path: '/payments', status: 202, level: 'debug' });
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'debug',
        req: { id: 1, method: 'GET', url: '/payments' },
        res: { statusCode: 202 },
      }),
    ]);
  });

  it('is logged as an error if the service failed', async () => {
    const lines = await linesForRequest({ path: '/payments', status: 500, level: 'info' });
    expect(lines).toEqual([expect.objectContaining({ level: 'error', res: { statusCode: 500 } })]);
  });

  it.each(['/health/live', '/health/ready', '/metrics'])('is not logged for %s', async (path) => {
    expect(await linesForRequest({ path, status: 503, level: 'trace' })).toEqual([]);
  });
});
