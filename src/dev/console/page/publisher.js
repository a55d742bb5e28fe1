import { ApiError, call, messageOf } from './api.js';
import { byId, html, say } from './dom.js';
import { counted, shortKey } from './format.js';
import { PAYMENT_METHODS } from './payment-methods.js';

/** @typedef {import('../activity').PublishedFields} PublishedFields */
/** @typedef {import('./payment-story.js').PaymentStory} PaymentStory */

/** The tutorial's messages: three payments, then two more copies of the first and one more of the second. */
const SIX = [
  { payment: { paymentId: 'PAY-001', amount: 99.99, customerId: 'CUST-001' }, copies: [1, 2] },
  { payment: { paymentId: 'PAY-002', amount: 149.5, customerId: 'CUST-002' }, copies: [1, 1] },
  { payment: { paymentId: 'PAY-003', amount: 75.25, customerId: 'CUST-003' }, copies: [1] },
];

/** The form and the buttons that publish payments. */
export class Publisher {
  #form = byId('publish-form', HTMLFormElement);
  #outcome = byId('publish-outcome', HTMLElement);
  #number = 100;

  constructor() {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#do(() => this.#publishForm());
    });
    byId('publish-six', HTMLButtonElement).addEventListener(
      'click',
      () => void this.#do(() => this.#publishSix()),
    );
    byId('methods', HTMLDataListElement).append(
      ...PAYMENT_METHODS.map(({ name, label }) => html('option', { value: name, label })),
    );
    this.#nameNext();
  }

  /**
   * Publishes one more message of a payment.
   * @param {PaymentStory} story
   */
  repeat({ key, payment }) {
    if (!payment) return;
    void this.#do(async () => {
      await publish(payment, key, 1);
      return `One more message of ${payment.paymentId} is published.`;
    });
  }

  async #publishSix() {
    const run = crypto.randomUUID().slice(0, 8);
    /** @param {number} round */
    const send = async (round) => {
      for (const { payment, copies } of SIX) {
        const count = copies[round];
        if (count !== undefined) await publish(payment, `${payment.paymentId}-${run}`, count);
      }
    };
    await send(0);
    await send(1);
    return 'Six messages are published.';
  }

  async #publishForm() {
    const { payment, key, copies } = this.#read();
    await publish(payment, key, copies);
    this.#nameNext();
    return `${counted(copies, 'message')} under the key ${shortKey(key)}.`;
  }

  #read() {
    const data = new FormData(this.#form);
    /** @param {string} name */
    const text = (name) => {
      const value = data.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    /** @type {PublishedFields} */
    const payment = {
      paymentId: text('paymentId'),
      amount: Number(text('amount') || Number.NaN),
      customerId: text('customerId'),
      ...(text('currency') !== '' && { currency: text('currency').toUpperCase() }),
      ...(text('paymentMethodId') !== '' && { paymentMethodId: text('paymentMethodId') }),
    };
    return { payment, key: text('idempotencyKey') || crypto.randomUUID(), copies: Number(text('copies')) };
  }

  #nameNext() {
    byId('paymentId', HTMLInputElement).value = `PAY-${++this.#number}`;
  }

  /** @param {() => Promise<string>} work */
  async #do(work) {
    this.#markFields([]);
    try {
      say(this.#outcome, 'done', await work());
    } catch (error) {
      say(this.#outcome, 'error', messageOf(error));
      if (error instanceof ApiError) this.#markFields(error.fields);
    }
  }

  /** @param {{ field: string, problem: string }[]} errors */
  #markFields(errors) {
    this.#form.querySelectorAll('.field-error').forEach((element) => element.remove());
    /** @type {HTMLInputElement[]} */
    const wrong = [];
    for (const input of this.#form.querySelectorAll('input')) {
      const problems = errors.filter(({ field }) => field === input.name).map(({ problem }) => problem);
      input.toggleAttribute('aria-invalid', false);
      if (problems.length === 0) continue;
      wrong.push(input);
      input.setAttribute('aria-invalid', 'true');
      const id = `${input.id}-problem`;
      input.after(html('p', { class: 'field-error', id }, problems.join('; ')));
      input.setAttribute('aria-errormessage', id);
    }
    wrong[0]?.focus();
  }
}

/**
 * Sends `copies` even if it is 1, because the publisher then treats each request as a new one.
 * @param {PublishedFields} payment
 * @param {string} key
 * @param {number} copies
 */
async function publish(payment, key, copies) {
  const path = `payments?copies=${encodeURIComponent(copies)}`;
  await call('POST', path, { body: payment, headers: { 'Idempotency-Key': key } });
}
