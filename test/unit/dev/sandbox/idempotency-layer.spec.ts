import { IdempotencyLayer } from '../../../../src/dev/sandbox/idempotency-layer';
import type { KeptEntry } from '../../../../src/dev/sandbox/journal-entry';
import { aCharge } from './entries';

const request = { key: 'payment:one', parametersHash: 'hash' };
const kept: KeptEntry = { ...aCharge(), idempotencyKey: 'payment:one', storedStatus: 200 };

describe('the idempotency layer', () => {
  let layer: IdempotencyLayer;

  beforeEach(() => {
    layer = new IdempotencyLayer();
  });

  it('lets the first request with a key execute', () => {
    expect(layer.begin(request)).toEqual({ kind: 'execute' });
  });

  it('lets requests without a key execute at the same time', () => {
    const without = { key: null, parametersHash: 'hash' };
    expect([layer.begin(without), layer.begin(without)]).toEqual([{ kind: 'execute' }, { kind: 'execute' }]);
  });

  it('rejects a second request while the first is running', () => {
    layer.begin(request);
    expect(layer.begin(request)).toEqual({ kind: 'running' });
  });

  it('reports a running request, not different parameters, while the first is running', () => {
    layer.begin(request);
    expect(layer.begin({ ...request, parametersHash: 'other' })).toEqual({ kind: 'running' });
  });

  it('lets other keys execute meanwhile', () => {
    layer.begin(request);
    expect(layer.begin({ ...request, key: 'payment:two' })).toEqual({ kind: 'execute' });
  });

  it('executes again if the first request stored no result', () => {
    layer.begin(request);
    layer.release(request.key);
    expect(layer.begin(request)).toEqual({ kind: 'execute' });
  });

  it('replays the stored result to an equal request', () => {
    layer.keep(kept);
    expect(layer.begin(request)).toEqual({ kind: 'replay', kept });
  });

  it('rejects other parameters under a stored key', () => {
    layer.keep(kept);
    expect(layer.begin({ ...request, parametersHash: 'other' })).toEqual({ kind: 'key-reused' });
  });

  it('forgets one key and no other', () => {
    const other: KeptEntry = { ...kept, idempotencyKey: 'payment:two' };
    layer.keep(kept);
    layer.keep(other);
    layer.forget('payment:one');
    expect([layer.begin(request), layer.begin({ ...request, key: 'payment:two' })]).toEqual([
      { kind: 'execute' },
      { kind: 'replay', kept: other },
    ]);
  });
});
