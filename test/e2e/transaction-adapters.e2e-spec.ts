import { orms } from '../support/orms';
import { describeTransactionsOf } from '../support/transaction-cases';

for (const [name, open] of Object.entries(orms)) describe(name, () => describeTransactionsOf(name, open));
