'use strict';

/**
 * @typedef {object} Running
 * @property {string} name
 * @property {() => Promise<unknown>} stop
 */

/** @type {Set<Running>} in order of their start */
const running = new Set();
let ending = false;

/**
 * Call it before a program is started; throws once everything is being stopped.
 * @param {string} name
 */
function assertMayStart(name) {
  if (ending) throw new Error(`${name} was not started, because everything is being stopped`);
}

/** @param {Running} started */
function register(started) {
  running.add(started);
}

/** @param {Running} ended */
function unregister(ended) {
  running.delete(ended);
}

/** Stops everything that this process started, the latest first, and prevents new starts. */
async function stopEverything() {
  ending = true;
  for (const { stop } of [...running].reverse()) await stop();
}

module.exports = { assertMayStart, register, stopEverything, unregister };
