'use strict';

const { fork } = require('node:child_process');
const events = require('node:events');
const path = require('node:path');
const { sum } = require('./statistics');

/** @typedef {import('./meter').Reading} Reading */
/** @typedef {import('./worker').Order} Order */
/** @typedef {import('./worker').Report} Report */
/** @typedef {import('./worker').WorkerSettings} WorkerSettings */
/** @typedef {Pool<import('./worker').QueueSettings>} QueuePool */

/** Longest time without a single message. */
const STUCK_AFTER_MS = 30_000;

/** A consumer process. Orders are carried out one after the other. */
class Worker {
  done = 0;
  onProgress = () => {};

  /**
   * @param {WorkerSettings} settings
   * @param {string[]} nodeArguments
   */
  constructor({ kind, variant }, nodeArguments) {
    this.name = `${kind}: ${variant}`;
    const execArgv = ['--expose-gc', ...nodeArguments];
    this.child = fork(path.join(__dirname, 'worker.js'), {
      execArgv,
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: 'inherit',
    });
    this.exited = events.once(this.child, 'exit');
    this.child.on('message', (/** @type {Report} */ report) => this.take(report));
    this.child.once('exit', (code) => this.answer?.reject(new Error(`${this.name} ended (${code})`)));
  }

  /**
   * @param {WorkerSettings} settings
   * @param {string[]} nodeArguments
   */
  static async open(settings, nodeArguments) {
    const worker = new Worker(settings, nodeArguments);
    await worker.order({ kind: 'open', settings });
    return worker;
  }

  /**
   * @param {Order} order
   * @returns {Promise<unknown>} the worker's answer
   */
  order(order) {
    return new Promise((resolve, reject) => {
      this.answer = { resolve, reject };
      this.child.send(order);
    });
  }

  /** Lets the process exit by itself, because that writes a profile. */
  async close() {
    if (this.child.connected) this.child.disconnect();
    await this.exited;
  }

  /**
   * @private
   * @param {Report} report
   */
  take(report) {
    switch (report.kind) {
      case 'progress':
        this.done = report.done;
        return this.onProgress();
      case 'done':
        return this.answer?.resolve(report.result);
      case 'failed':
        return this.answer?.reject(new Error(`${this.name}: ${report.message}`));
    }
  }
}

/**
 * Consumer processes of one variant, kept warm between measurements.
 * @template {WorkerSettings} Settings
 */
class Pool {
  /** @type {Worker[]} */
  workers = [];

  /**
   * @param {Settings} settings
   * @param {string[]} [nodeArguments]
   */
  constructor(settings, nodeArguments = []) {
    this.settings = settings;
    this.nodeArguments = nodeArguments;
  }

  /**
   * Lets processes consume until so many messages are acknowledged. The keys are for a consumer without a queue.
   * @param {{ messages: number, processes: number, prefetch: number, gatewayMs: number, keys?: string[] }} options
   * @returns {Promise<Reading[]>}
   */
  async consume({ messages, processes, prefetch, gatewayMs, keys = [] }) {
    const workers = await this.upTo(processes);
    const finished = untilDone(workers, messages);
    await Promise.all(workers.map((worker) => worker.order({ kind: 'start', prefetch, gatewayMs, keys })));
    await finished;
    const readings = await Promise.all(workers.map((worker) => worker.order({ kind: 'stop' })));
    return /** @type {Reading[]} */ (readings);
  }

  /** Heap size of the first process in bytes, after a forced garbage collection. */
  async heapBytes() {
    const [worker] = await this.upTo(1);
    return Number(await worker?.order({ kind: 'heap' }));
  }

  async close() {
    await Promise.all(this.workers.map((worker) => worker.close()));
    this.workers = [];
  }

  /**
   * Starts processes until so many are running.
   * @param {number} count
   */
  async upTo(count) {
    while (this.workers.length < count)
      this.workers.push(await Worker.open(this.settings, this.nodeArguments));
    return this.workers.slice(0, count);
  }
}

/**
 * @param {Worker[]} workers
 * @param {number} messages
 * @returns {Promise<void>}
 */
function untilDone(workers, messages) {
  const done = () => sum(workers.map((worker) => worker.done));
  return new Promise((resolve, reject) => {
    const stuck = () => {
      const [{ name = '' } = {}] = workers;
      reject(new Error(`${name} got stuck after ${done()} of ${messages} messages`));
    };
    const timer = setTimeout(stuck, STUCK_AFTER_MS);
    let seen = 0;
    for (const worker of workers) {
      worker.done = 0;
      worker.onProgress = () => {
        if (done() > seen) timer.refresh();
        seen = done();
        if (seen < messages) return;
        clearTimeout(timer);
        resolve();
      };
    }
  });
}

module.exports = { Pool };
