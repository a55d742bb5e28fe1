import { faultCatalog } from '../../faults/faults';
import { faultKinds, readOptions } from '../../faults/options';

describe('the options of a fault run', () => {
  it('include every kind of fault', () => {
    expect([...faultKinds].sort()).toEqual(faultCatalog.map(({ kind }) => kind).sort());
  });

  it('are read from the arguments', () => {
    const args = '--seed 7 --only kill,network --rest-within 60 --gateway-ignores-keys --json'.split(' ');
    expect(readOptions(args)).toMatchObject({
      seed: 7,
      payments: 2000,
      only: ['kill', 'network'],
      restWithinMs: 60_000,
      gatewayKeepsKeys: false,
      json: true,
    });
  });
});
