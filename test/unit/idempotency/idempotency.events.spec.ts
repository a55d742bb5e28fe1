import { Logger } from '@nestjs/common';
import { IdempotencyEvents, type IdempotencyEvent } from '../../../src/idempotency';

const name = { scope: 'order', key: 'abc-123' };

afterEach(() => jest.restoreAllMocks());

describe('events of the engine', () => {
  it('reach everyone who listens, with the name of the key', () => {
    const events = new IdempotencyEvents();
    const heard: IdempotencyEvent[][] = [[], []];
    for (const one of heard) events.on((event) => one.push(event));
    events.emit(name, { kind: 'released' });
    expect(heard).toEqual([[{ ...name, kind: 'released' }], [{ ...name, kind: 'released' }]]);
  });

  it('name the key alone, whatever else its request holds', () => {
    const events = new IdempotencyEvents();
    const heard: IdempotencyEvent[] = [];
    events.on((event) => heard.push(event));
    const request = { ...name, fingerprint: 'A', ttlSeconds: 60 };
    events.emit(request, { kind: 'released' });
    expect(heard).toEqual([{ ...name, kind: 'released' }]);
  });

  it('reach nobody who has stopped to listen', () => {
    const events = new IdempotencyEvents();
    const heard: IdempotencyEvent[] = [];
    const stop = events.on((event) => heard.push(event));
    stop();
    events.emit(name, { kind: 'released' });
    expect(heard).toEqual([]);
  });

  it('reach the others when one listener throws, and that is logged without the key', () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const events = new IdempotencyEvents();
    const heard: string[] = [];
    const err = new Error('a bad listener');
    events.on(() => {
      throw err;
    });
    events.on(({ kind }) => heard.push(kind));
    events.emit(name, { kind: 'released' });
    expect(heard).toEqual(['released']);
    expect(logged.mock.calls).toEqual([[{ err, event: 'released' }, expect.stringContaining('listener')]]);
  });
});
