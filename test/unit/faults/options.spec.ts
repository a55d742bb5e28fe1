import { faultCatalog } from '../../faults/faults';
import { faultKinds, readOptions } from '../../faults/options';
import { transferFaultCatalog } from '../../faults/transfer/faults';

describe('the options of a fault run', () => {
  it('include every kind of fault', () => {
    expect([...faultKinds.payments].sort()).toEqual(faultCatalog.map(({ kind }) => kind).sort());
    expect([...faultKinds.transfer].sort()).toEqual(transferFaultCatalog.map(({ kind }) => kind).sort());
  });

  it('are read from the arguments', () => {
    const args =
      '--seed 7 --only kill,network --rest-within 60 --gateway-ignores-keys --without-ledger --json'.split(
        ' ',
      );
    expect(readOptions(args)).toMatchObject({
      seed: 7,
      workload: 'payments',
      operations: 2000,
      only: ['kill', 'network'],
      restWithinMs: 60_000,
      gatewayKeepsKeys: false,
      ledger: false,
      json: true,
    });
  });

  it('are those of the workload', () => {
    const args = '--workload transfer --transfers 70 --only commit,freeze'.split(' ');
    expect(readOptions(args)).toMatchObject({
      workload: 'transfer',
      operations: 70,
      faults: 40,
      only: ['commit', 'freeze'],
    });
  });
});
