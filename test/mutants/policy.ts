import '../unit/messaging/fate.spec';
import '../unit/messaging/unprocessed-fate.spec';
import '../unit/payment/gateway/stripe-error-texts.spec';
import '../unit/payment/gateway/stripe-errors.spec';
import '../unit/payment/payment-fate-reasons.spec';
import '../unit/payment/payment-fate.spec';
