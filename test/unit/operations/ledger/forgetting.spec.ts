import type { ForgetCustomer } from '../../../../src/ledger/forget-customer';
import { EventsWaitingError, Forgetting } from '../../../../src/operations/ledger/forgetting';

const sum = { currency: 'USD', status: 'succeeded', payments: 1, minorUnits: 100 } as const;

/** A ledger with payments of one customer, and what was done in which order. */
function aLedger({ keys, waiting }: { keys: string[]; waiting: number[] }) {
  const steps: string[] = [];
  const ledger: Pick<ForgetCustomer, 'pseudonymFor' | 'nextKeys' | 'replace' | 'waitingEvents'> = {
    pseudonymFor: () => Promise.resolve(keys.length > 0 ? 'forgotten-1' : undefined),
    nextKeys: () => Promise.resolve(keys.slice(0, 1)),
    replace: (_, { keys: [key = ''] }) => {
      keys.shift();
      steps.push(`replace ${key}`);
      return Promise.resolve({ before: [sum], after: [sum] });
    },
    waitingEvents: () => {
      const count = waiting.shift() ?? 0;
      steps.push(`${count} waiting`);
      return Promise.resolve(count);
    },
  };
  const addresses = {
    forget: (key: string) => {
      steps.push(`forget the address of ${key}`);
      return Promise.resolve();
    },
  };
  const reader = { beginning: () => Promise.resolve(new Date()) };
  return { forgetting: new Forgetting(ledger, reader, addresses, -1), steps };
}

describe('a customer with payments', () => {
  it('is replaced in all of them, each after the address of its receipt', async () => {
    const { forgetting, steps } = aLedger({ keys: ['a', 'b'], waiting: [] });
    const both = { ...sum, payments: 2, minorUnits: 200 };
    expect(await forgetting.run('CUST')).toEqual({ payments: 2, before: [both], after: [both] });
    expect(steps).toEqual([
      '0 waiting',
      'forget the address of a',
      'replace a',
      'forget the address of b',
      'replace b',
      '0 waiting',
    ]);
  });
});

describe('events that name the customer', () => {
  it('are waited for before anything is changed', async () => {
    const { forgetting, steps } = aLedger({ keys: ['a'], waiting: [2] });
    const run = forgetting.run('CUST');
    await expect(run).rejects.toThrow(EventsWaitingError);
    await expect(run).rejects.toThrow(/^Nothing was changed\. Events .* outbox: 2\./);
    expect(steps).toEqual(['2 waiting']);
  });

  it('are waited for again if they were written meanwhile', async () => {
    const { forgetting } = aLedger({ keys: ['a'], waiting: [0, 1] });
    await expect(forgetting.run('CUST')).rejects.toThrow(
      /^All payments were changed\. Events .* outbox: 1\./,
    );
  });
});
