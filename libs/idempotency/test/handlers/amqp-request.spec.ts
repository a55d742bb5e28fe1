import type { ConsumeMessage } from 'amqplib';
import { amqpRequest } from '../../src/handlers/amqp-request';

function requestedAt(timestamp: unknown): Date | undefined {
  const message = { properties: { headers: {}, timestamp } } as unknown as ConsumeMessage;
  return amqpRequest({}, message).requestedAt;
}

describe('the timestamp of a message', () => {
  it('is read as seconds', () => {
    expect(requestedAt(1_700_000_000)).toEqual(new Date('2023-11-14T22:13:20Z'));
  });

  it.each([-1, 0, 2 ** 60, 638_999_288_960_000_000])('is known for every number: %d', (timestamp) => {
    expect(requestedAt(timestamp)).toBeInstanceOf(Date);
  });

  it.each([undefined, 'yesterday', Number.NaN, null, {}])('is unknown for %p', (timestamp) => {
    expect(requestedAt(timestamp)).toBeUndefined();
  });
});
