import type { ChargeRequest } from './charge-request';
import type { JsonReply } from './http';
import { presentmentCurrencies } from './presentment-currencies';
import { invalidRequest, missingParameter } from './stripe-errors';
import { authenticationRequired, findTestPaymentMethod } from './test-payment-methods';
import type { TestPaymentMethod } from './test-payment-methods';

/** A payment that the gateway accepts for charging. */
export interface Payment {
  amount: number;
  /** Lower case, as Stripe writes it. */
  currency: string;
  paymentMethod: string;
  method: TestPaymentMethod;
  customer?: string;
  description?: string;
}

export type Checked = { kind: 'valid'; payment: Payment } | { kind: 'invalid'; failure: JsonReply };

// Stripe's own limits.
const maxKeyLength = 255;
const maxMetadata = { pairs: 50, keyLength: 40, valueLength: 500 };

// Stripe's parameters that make sense for a payment that is confirmed at once; most have no effect here.
const parameterNames = new Set(
  (
    'amount automatic_payment_methods capture_method confirm confirmation_method currency customer description ' +
    'error_on_requires_action expand metadata off_session payment_method payment_method_options ' +
    'payment_method_types receipt_email return_url setup_future_usage shipping statement_descriptor ' +
    'statement_descriptor_suffix transfer_group'
  ).split(' '),
);

type Check = (request: ChargeRequest) => JsonReply | undefined;

const checks: Check[] = [
  checkKey,
  checkParameterNames,
  checkMetadata,
  checkCurrency,
  checkAmount,
  checkCustomer,
  checkConfirmation,
];

/** The checks that Stripe makes before it charges the card or the bank account. */
export function checkPayment(request: ChargeRequest): Checked {
  for (const check of checks) {
    const failure = check(request);
    if (failure) return { kind: 'invalid', failure };
  }
  const { parameters } = request;
  const paymentMethod = text(parameters, 'payment_method');
  if (paymentMethod === '') return { kind: 'invalid', failure: missingParameter('payment_method') };
  const method = findTestPaymentMethod(paymentMethod);
  if (method === undefined) {
    const message = `No such PaymentMethod: '${paymentMethod}'`;
    const failure = invalidRequest({ message, code: 'resource_missing', param: 'payment_method' });
    return { kind: 'invalid', failure };
  }
  const customer = text(parameters, 'customer');
  const failure =
    checkDebitCurrency(method, currencyOf(parameters)) ?? checkOwner(method, { paymentMethod, customer });
  if (failure) return { kind: 'invalid', failure };
  const chosen = { paymentMethod, method: withoutAction(method, parameters) };
  return { kind: 'valid', payment: paymentOf({ parameters, ...chosen }) };
}

function paymentOf({
  parameters,
  ...chosen
}: Pick<Payment, 'paymentMethod' | 'method'> & { parameters: URLSearchParams }): Payment {
  const customer = text(parameters, 'customer');
  const description = text(parameters, 'description');
  return {
    ...chosen,
    amount: Number(text(parameters, 'amount')),
    currency: currencyOf(parameters),
    ...(customer !== '' && { customer }),
    ...(description !== '' && { description }),
  };
}

function checkKey({ idempotencyKey }: ChargeRequest): JsonReply | undefined {
  const length = idempotencyKey?.length ?? 0;
  if (length <= maxKeyLength) return undefined;
  return invalidRequest({
    message: `Idempotency keys have at most ${maxKeyLength} characters, not ${length}.`,
  });
}

function checkParameterNames({ parameters }: ChargeRequest): JsonReply | undefined {
  const param = [...parameters.keys()].find((name) => !parameterNames.has(name.split('[', 1).join()));
  if (param === undefined) return undefined;
  return invalidRequest({
    message: `Received unknown parameter: ${param}`,
    code: 'parameter_unknown',
    param,
  });
}

function checkMetadata({ metadata }: ChargeRequest): JsonReply | undefined {
  const all = Object.entries(metadata);
  const { pairs, keyLength, valueLength } = maxMetadata;
  if (all.length <= pairs && all.every(([k, v]) => k.length <= keyLength && v.length <= valueLength)) {
    return undefined;
  }
  const message = `Metadata has at most ${pairs} keys of ${keyLength} characters with values of ${valueLength}.`;
  return invalidRequest({ message, param: 'metadata' });
}

function checkCurrency({ parameters }: ChargeRequest): JsonReply | undefined {
  const code = currencyOf(parameters);
  if (code === '') return missingParameter('currency');
  if (presentmentCurrencies.has(code)) return undefined;
  const supported = [...presentmentCurrencies.keys()].join(', ');
  return invalidRequest({
    message: `Invalid currency: ${code}. Stripe currently supports these currencies: ${supported}`,
    param: 'currency',
  });
}

function checkAmount({ parameters }: ChargeRequest): JsonReply | undefined {
  const amount = text(parameters, 'amount');
  const wrong = (message: string, code = 'parameter_invalid_integer'): JsonReply =>
    invalidRequest({ message, code, param: 'amount' });
  if (amount === '') return missingParameter('amount');
  if (!/^-?\d+$/.test(amount)) return wrong(`Invalid integer: ${amount}`);
  if (Number(amount) < 1) return wrong('This value must be greater than or equal to 1.');
  const currency = presentmentCurrencies.get(currencyOf(parameters));
  if (currency === undefined) return undefined;
  const { maximum, multipleOf, oneUnit } = currency;
  if (Number(amount) > maximum)
    return wrong(`Amount must be no more than ${maximum} (${maximum / oneUnit} units).`, 'amount_too_large');
  if (Number(amount) % multipleOf !== 0)
    return wrong(`Invalid amount. It must be evenly divisible by ${multipleOf}.`, 'invalid_charge_amount');
  return undefined;
}

/** Stripe accepts only customers that were created there; the sandbox checks only the form of the id. */
function checkCustomer({ parameters }: ChargeRequest): JsonReply | undefined {
  const customer = text(parameters, 'customer');
  if (customer === '' || customer.startsWith('cus_')) return undefined;
  return invalidRequest({
    message: `No such customer: '${customer}'`,
    code: 'resource_missing',
    param: 'customer',
  });
}

/** A saved payment method is charged only for the customer that it belongs to; the texts are Stripe's. */
function checkOwner(
  method: TestPaymentMethod,
  { paymentMethod, customer }: { paymentMethod: string; customer: string },
): JsonReply | undefined {
  const owner = method.kind === 'succeeds' ? method.customer : undefined;
  if (owner === undefined || owner === customer) return undefined;
  const message =
    customer === ''
      ? 'The payment method you provided is attached to a customer so for security purposes you must provide the customer in the request.'
      : `The customer does not have a payment method with the ID ${paymentMethod}. The payment method must be attached to the customer.`;
  return invalidRequest({ message, param: 'payment_method' });
}

/** A bank debit has one currency. */
function checkDebitCurrency(method: TestPaymentMethod, currency: string): JsonReply | undefined {
  const debit = method.kind === 'waits' ? method.debit : undefined;
  if (debit === undefined || debit.currency === currency) return undefined;
  return invalidRequest({
    message: `The currency provided (${currency}) is invalid. Payments with ${debit.type} support the following currencies: ${debit.currency}.`,
    code: 'payment_intent_invalid_parameter',
    param: 'currency',
  });
}

/** With `error_on_requires_action` a payment that needs its customer is declined. */
function withoutAction(method: TestPaymentMethod, parameters: URLSearchParams): TestPaymentMethod {
  const needsCustomer = method.kind === 'waits' && method.status === 'requires_action';
  return needsCustomer && text(parameters, 'error_on_requires_action') === 'true'
    ? { kind: 'declines', failure: authenticationRequired }
    : method;
}

function checkConfirmation({ parameters }: ChargeRequest): JsonReply | undefined {
  const wrong = (param: string, value: string): JsonReply =>
    invalidRequest({ message: `The sandbox only makes payments with ${param}=${value}.`, param });
  if (text(parameters, 'confirm') !== 'true') return wrong('confirm', 'true');
  if (text(parameters, 'capture_method') === 'manual') return wrong('capture_method', 'automatic');
  return undefined;
}

function currencyOf(parameters: URLSearchParams): string {
  return text(parameters, 'currency').toLowerCase();
}

function text(parameters: URLSearchParams, name: string): string {
  return parameters.get(name) ?? '';
}
