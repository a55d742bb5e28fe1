import { Logger } from '@nestjs/common';
import { IdempotencyEvents, type IdempotencyEvent } from '../src';

const name = { scope: 'order', key: 'abc-123' };

afterEach(() => jest.restoreAllMocks());

describe('events of the engine', () => {
  it('reach every listener, with scope and key', () => {
    const events = new IdempotencyEvents();
    const heard: IdempotencyEvent[][] = [[], []];
    for (const list of heard) events.on((event) => list.push(event));
    events.emit(name, { kind: 'released' });
    expect(heard).toEqual([[{ ...name, kind: 'released' }], [{ ...name, kind: 'released' }]]);
  });

  it('have only scope and key of the request', () => {
    const events = new IdempotencyEvents();
    const heard: IdempotencyEvent[] = [];
    events.on((event) => heard.push(event));
    const request = { ...name, fingerprint: 'A', ttlSeconds: 60 };
    events.emit(request, { kind: 'released' });
    expect(heard).toEqual([{ ...name, kind: 'released' }]);
  });

  it('do not reach a listener that has unsubscribed', () => {
    const events = new IdempotencyEvents();
    const heard: IdempotencyEvent[] = [];
    const unsubscribe = events.on((event) => heard.push(event));
    unsubscribe();
    events.emit(name, { kind: 'released' });
    expect(heard).toEqual([]);
  });

  it('reach the other listeners if one throws, and the error is logged without the key', () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const events = new IdempotencyEvents();
    const heard: string[] = [];
    const err = new Error('a fault in a listener');
    events.on(() => {
      throw err;
    });
    events.on(({ kind }) => heard.push(kind));
    events.emit(name, { kind: 'released' });
    expect(heard).toEqual(['released']);
    expect(logged.mock.calls).toEqual([[{ err, event: 'released' }, expect.stringContaining('listener')]]);
  });
});
