import { randomUUID } from 'node:crypto';
import { ApiDocument } from '../support/api-document';
import { isJsonObject } from '../support/json';
import { aPayment, withoutKey } from '../support/payments';
import type { Answer } from '../support/service';
import { useWorld } from '../support/world';

describe('the OpenAPI document', () => {
  const world = useWorld();
  let document: ApiDocument;

  beforeAll(async () => {
    const { body } = await world.service.get('/docs-json');
    if (!isJsonObject(body)) throw new Error(`/docs-json is not a document: ${String(body)}`);
    document = new ApiDocument(body);
  });

  it('has every route of the application', () => {
    const routes = world.service.logs
      .map(({ msg }) => /^Mapped \{(.*), (\w+)\} route/.exec(String(msg)))
      .filter((match) => match !== null)
      .map(([, path = '', method]) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(routes).toContain('POST /payments');
    expect(document.operations.sort()).toEqual(routes.sort());
  });

  it('has an example for each body', () => {
    const without = document.bodies.filter(({ examples }) => examples.length === 0);
    expect(without.map(({ place }) => place)).toEqual([]);
  });

  it('documents an answer for each operation', () => {
    const undocumented = document.operations.filter(
      (name) => !document.bodies.some(({ place }) => place.startsWith(`${name} 2`)),
    );
    expect(undocumented).toEqual([]);
  });

  it('has examples that match their schemas', () => {
    const wrong = document.bodies
      .flatMap(({ examples }) => examples)
      .map(({ place, value, schema }) => ({ place, problems: document.problemsOf(value, schema) }))
      .filter(({ problems }) => problems.length > 0);
    expect(wrong).toEqual([]);
  });

  it('detects an example that does not match', () => {
    const [answer] = document.bodies.filter(({ place }) => place.startsWith('POST /payments 202'));
    expect(document.problemsOf({ paymentId: 7 }, answer?.examples[0]?.schema ?? '')).not.toEqual([]);
  });

  it('matches the answers of the service', async () => {
    const { service } = world;
    const payment = aPayment();
    const published = await service.postPayment(payment);
    await service.completedPayment(payment.idempotencyKey);
    await world.broker.publish('not a payment');
    await world.broker.waitForDeadLetters(1);
    const letters = await service.get('/dead-letters');
    const answers: [string, Answer][] = [
      ['POST /payments', published],
      ['POST /payments', await service.post('/payments', { ...withoutKey(payment), amount: 0 })],
      ['GET /payments/{idempotencyKey}', await service.payment(payment.idempotencyKey)],
      ['GET /payments/{idempotencyKey}', await service.payment(randomUUID())],
      ['GET /payments/{idempotencyKey}', await service.payment('two words')],
      ['GET /dead-letters', letters],
      ['GET /dead-letters', await service.get('/dead-letters?limit=0')],
      ['GET /dead-letters/{id}', await service.get(`/dead-letters/${idIn(letters)}`)],
      ['GET /dead-letters/{id}', await service.get('/dead-letters/c0ffee')],
      ['POST /dead-letters/replay', await service.post('/dead-letters/replay', {})],
      ['POST /dead-letters/replay', await service.post('/dead-letters/replay', { all: true })],
      ['GET /health/live', await service.get('/health/live')],
      ['GET /health/ready', await service.get('/health/ready')],
      ['GET /console/gateway', await service.get('/console/gateway')],
    ];
    const wrong = answers
      .map(([name, answer]) => ({ name, answer, problems: document.problemsOfAnswer(name, answer) }))
      .filter(({ problems }) => problems.length > 0);
    expect(wrong).toEqual([]);
  });
});

function idIn({ body }: Answer): string {
  const letters = isJsonObject(body) && Array.isArray(body.deadLetters) ? body.deadLetters : [];
  const [first]: unknown[] = letters;
  return isJsonObject(first) ? String(first.id) : '';
}
