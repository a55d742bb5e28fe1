import '../unit/money/currencies.spec';
import '../unit/money/money.spec';
