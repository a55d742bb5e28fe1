'use strict';

const { randomUUID } = require('node:crypto');
const { numberIn } = require('../json');
const { green, dim, print } = require('../terminal');

/**
 * @typedef {object} Payment
 * @property {string} paymentId
 * @property {number} amount
 * @property {string} customerId
 */

/** @typedef {{ payment: Payment, key: string, copies: number, again: boolean }} Request */

/**
 * The tutorial's six messages: three payments, then the first one twice more and the second one once more, like a client
 * or a broker that does not know whether they arrived. Each payment has one key per run.
 * @returns {Request[]}
 */
function story() {
  const first = {
    payment: { paymentId: 'PAY-001', amount: 99.99, customerId: 'CUST-001' },
    key: randomUUID(),
  };
  const second = {
    payment: { paymentId: 'PAY-002', amount: 149.5, customerId: 'CUST-002' },
    key: randomUUID(),
  };
  const third = {
    payment: { paymentId: 'PAY-003', amount: 75.25, customerId: 'CUST-003' },
    key: randomUUID(),
  };
  return [
    ...[first, second, third].map((message) => ({ ...message, copies: 1, again: false })),
    { ...first, copies: 2, again: true },
    { ...second, copies: 1, again: true },
  ];
}

/**
 * Publishes over HTTP, and prints a line for each message that the broker confirmed.
 * @param {string} url of the service
 * @param {Request[]} requests
 * @param {(key: string) => void} announce called with a key before its first message is published
 * @returns {Promise<number>} number of messages
 */
async function publish(url, requests, announce) {
  let published = 0;
  for (const request of requests) {
    announce(request.key);
    const copies = await post(url, request);
    for (let copy = 0; copy < copies; copy++) print(line((published += 1), request));
  }
  return published;
}

/**
 * @param {string} url
 * @param {Request} request
 * @returns {Promise<number>} number of copies that the broker confirmed
 */
async function post(url, { payment, key, copies }) {
  const answer = await fetch(`${url}/payments?copies=${copies}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(payment),
  });
  const text = await answer.text();
  if (answer.status !== 202) throw new Error(`POST /payments answered ${answer.status}: ${text}`);
  return numberIn(text, 'copies');
}

/**
 * @param {number} number
 * @param {Request} request
 */
function line(number, { payment, key, again }) {
  const { paymentId, amount, customerId } = payment;
  const facts = `${paymentId}  ${amount.toFixed(2).padStart(6)}  ${customerId}`;
  return `  ${number}  ${facts}  ${green('sent')}${again ? ' again' : '      '}  ${dim(key)}`;
}

module.exports = { publish, story };
