import '../unit/payment/currencies.spec';
import '../unit/payment/money.spec';
