'use strict';

const net = require('node:net');
const tls = require('node:tls');
const { setTimeout: pause } = require('node:timers/promises');

const answerWithinMs = 2_000;
const askAgainMs = 100;

/**
 * @typedef {object} Question
 * @property {string} request
 * @property {(answer: Buffer) => boolean} isExpected whether the answer comes from the expected kind of server
 */

/**
 * AMQP 0-9-1 protocol header. A broker that is ready answers with a method frame; an open port or a successful `ping` comes
 * seconds before that.
 * @type {Question}
 */
const amqp = { request: 'AMQP\u0000\u0000\u0009\u0001', isExpected: (answer) => answer[0] === 1 };

/**
 * A server that requires a password is ready, too; one that still loads its data is not.
 * @type {Question}
 */
const redis = {
  request: 'PING\r\n',
  isExpected: (answer) => /^(\+PONG|-NOAUTH)/.test(answer.toString('latin1')),
};

/**
 * NATS speaks first.
 * @type {Question}
 */
const nats = { request: '', isExpected: (answer) => answer.toString('latin1').startsWith('INFO ') };

/**
 * A CONNECT packet of MQTT 3.1.1 without a client id; the answer is a CONNACK, also if credentials are required.
 * @type {Question}
 */
const mqtt = {
  request: '\u0010\u000c\u0000\u0004MQTT\u0004\u0002\u0000\u003c\u0000\u0000',
  isExpected: (answer) => answer[0] === 0x20,
};

/**
 * The start-up message of protocol 3.0 for the user `postgres`. The server then asks for a password, lets the user in or
 * refuses this user; all of these come from one that is ready. The code 57P03 means that it is starting up or shutting down.
 * @type {Question}
 */
const postgresql = {
  request: '\u0000\u0000\u0000\u0017\u0000\u0003\u0000\u0000user\u0000postgres\u0000\u0000',
  isExpected: (answer) => /^[ER]/.test(answer.toString('latin1')) && !answer.includes('C57P03\u0000'),
};

/**
 * Whether the server at this URL answers in its protocol.
 * @param {string} url
 * @param {Question} question
 * @returns {Promise<boolean>}
 */
function answers(url, { request, isExpected }) {
  const { hostname, port, protocol } = new URL(url);
  const secure = protocol === 'amqps:' || protocol === 'rediss:';
  const host = hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  const target = { host, port: Number(port) || defaultPorts[protocol] || 0 };
  return new Promise((resolve) => {
    // The service checks certificates; this only checks whether a server answers.
    const socket = secure ? tls.connect({ ...target, rejectUnauthorized: false }) : net.connect(target);
    /** @param {boolean} answer */
    const conclude = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(answerWithinMs, () => conclude(false));
    socket.once(secure ? 'secureConnect' : 'connect', () => socket.write(request));
    socket.once('data', (/** @type {Buffer} */ answer) => conclude(isExpected(answer)));
    socket.once('error', () => conclude(false));
    socket.once('end', () => conclude(false));
  });
}

/** @type {Record<string, number>} */
const defaultPorts = {
  'amqp:': 5672,
  'amqps:': 5671,
  'mqtt:': 1883,
  'nats:': 4222,
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
  'rediss:': 6379,
};

/** @param {string} url */
const answersAmqp = (url) => answers(url, amqp);

/** @param {string} url */
const answersRedis = (url) => answers(url, redis);

/** @param {string} url */
const answersNats = (url) => answers(url, nats);

/** @param {string} url */
const answersMqtt = (url) => answers(url, mqtt);

/** @param {string} url */
const answersPostgresql = (url) => answers(url, postgresql);

/**
 * Whether a GET of this address succeeds.
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
 * @typedef {object} WaitOptions
 * @property {string} what the name for error messages
 * @property {number} withinMs
 * @property {() => boolean | Promise<boolean>} isAlive if false, waiting ends with an error
 * @property {() => string} log explains a failure
 */

/**
 * Waits until a probe succeeds. If the program has ended although the probe succeeded, another program has answered.
 * @param {() => Promise<boolean>} probe
 * @param {WaitOptions} options
 */
async function waitUntil(probe, { what, withinMs, isAlive, log }) {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const succeeded = await probe();
    if (!(await isAlive())) throw new Error(`${what} ended while it was starting.${lastLinesOf(log())}`);
    if (succeeded) return;
    if (Date.now() > deadline)
      throw new Error(`${what} was not ready in ${withinMs / 1000} s.${lastLinesOf(log())}`);
    await pause(askAgainMs);
  }
}

/** @param {string} lines */
function lastLinesOf(lines) {
  return lines === '' ? '' : ` The last lines of its log:\n${lines}`;
}

module.exports = {
  answersAmqp,
  answersHttp,
  answersMqtt,
  answersNats,
  answersPostgresql,
  answersRedis,
  waitUntil,
};
