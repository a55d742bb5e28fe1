import '../unit/messaging/disposition.spec';
import '../unit/messaging/failure.policy.spec';
import '../unit/payment/gateway/stripe-error-texts.spec';
import '../unit/payment/gateway/stripe-errors.spec';
import '../unit/payment/payment.policy-reasons.spec';
import '../unit/payment/payment.policy.spec';
