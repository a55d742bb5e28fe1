'use strict';

const net = require('node:net');
const tls = require('node:tls');
const { setTimeout: pause } = require('node:timers/promises');

const answerWithinMs = 2_000;
const askAgainMs = 100;

/**
 * @typedef {object} Question
 * @property {string} say
 * @property {(answer: Buffer) => boolean} understands whether the answer is one of the expected server
 */

/**
 * AMQP 0-9-1 protocol header. A broker whose listener really serves answers with a method frame; an open port alone,
 * or a `ping`, comes seconds too early.
 * @type {Question}
 */
const amqp = { say: 'AMQP\u0000\u0000\u0009\u0001', understands: (answer) => answer[0] === 1 };

/**
 * A server that wants a password first is there, too; one that still loads its data is not.
 * @type {Question}
 */
const redis = {
  say: 'PING\r\n',
  understands: (answer) => /^(\+PONG|-NOAUTH)/.test(answer.toString('latin1')),
};

/**
 * Whether the server at this URL answers in its protocol.
 * @param {string} url
 * @param {Question} question
 * @returns {Promise<boolean>}
 */
function answers(url, { say, understands }) {
  const { hostname, port, protocol } = new URL(url);
  const secure = protocol === 'amqps:' || protocol === 'rediss:';
  const host = hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  const target = { host, port: Number(port) || defaultPorts[protocol] || 0 };
  return new Promise((resolve) => {
    // Certificates are the service's to check: this only asks whether somebody is there.
    const socket = secure ? tls.connect({ ...target, rejectUnauthorized: false }) : net.connect(target);
    /** @param {boolean} answer */
    const conclude = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(answerWithinMs, () => conclude(false));
    socket.once(secure ? 'secureConnect' : 'connect', () => socket.write(say));
    socket.once('data', (/** @type {Buffer} */ answer) => conclude(understands(answer)));
    socket.once('error', () => conclude(false));
    socket.once('end', () => conclude(false));
  });
}

/** @type {Record<string, number>} */
const defaultPorts = { 'amqp:': 5672, 'amqps:': 5671, 'redis:': 6379, 'rediss:': 6379 };

/** @param {string} url */
const answersAmqp = (url) => answers(url, amqp);

/** @param {string} url */
const answersRedis = (url) => answers(url, redis);

/**
 * Whether a GET of this address is answered with 200.
 * @param {string} address
 * @param {Record<string, string>} [headers]
 */
async function answersHttp(address, headers = {}) {
  try {
    const { ok } = await fetch(address, { headers, signal: AbortSignal.timeout(answerWithinMs) });
    return ok;
  } catch {
    return false;
  }
}

/**
 * @typedef {object} Patience
 * @property {string} what is waited for, as a message names it
 * @property {number} withinMs
 * @property {() => boolean | Promise<boolean>} isAlive when it is not, waiting is in vain
 * @property {() => string} log explains a failure
 */

/**
 * Waits until a probe succeeds. When what is waited for has ended by then, another program has answered in its place.
 * @param {() => Promise<boolean>} probe
 * @param {Patience} patience
 */
async function waitUntil(probe, { what, withinMs, isAlive, log }) {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const succeeded = await probe();
    if (!(await isAlive())) throw new Error(`${what} ended while it was starting.${lastWords(log())}`);
    if (succeeded) return;
    if (Date.now() > deadline)
      throw new Error(`${what} was not ready in ${withinMs / 1000} s.${lastWords(log())}`);
    await pause(askAgainMs);
  }
}

/** @param {string} lines */
function lastWords(lines) {
  return lines === '' ? '' : ` Its last lines:\n${lines}`;
}

module.exports = { answersAmqp, answersHttp, answersRedis, waitUntil };
