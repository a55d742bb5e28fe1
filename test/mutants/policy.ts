import '../unit/messaging/decisions.spec';
import '../unit/messaging/disposition.spec';
import '../unit/messaging/message.pipeline.spec';
import '../unit/payment/gateway/stripe-error-texts.spec';
import '../unit/payment/gateway/stripe-errors.spec';
import '../unit/payment/payment-reasons.spec';
import '../unit/payment/payment.policy-reasons.spec';
import '../unit/payment/payment.policy.spec';
