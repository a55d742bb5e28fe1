'use strict';

const { Client } = require('pg');
const { familyCpuMicroseconds, parentOf, runs } = require('../cpu');

/** The PostgreSQL of the benchmark. */
class PostgresServer {
  /**
   * @private
   * @param {string} url
   * @param {Client} client
   * @param {number | undefined} pid of the process that starts all others, if it runs on this machine
   */
  constructor(url, client, pid) {
    this.url = url;
    this.client = client;
    this.pid = pid;
  }

  /** @param {string} url of a database whose user may create others */
  static async open(url) {
    const client = new Client({ connectionString: url });
    // If the benchmark fails, the server is stopped while the connection is open; other errors fail the next call.
    client.on('error', () => undefined);
    await client.connect();
    /** @type {import('pg').QueryResult<{ pid: number }>} */
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    const [{ pid: own = 0 } = {}] = rows;
    const parent = runs(own, 'postgres') ? parentOf(own) : undefined;
    return new PostgresServer(url, client, parent);
  }

  /** The time of all its processes in microseconds until now; NaN if it is unknown. */
  cpuMicroseconds() {
    return this.pid === undefined ? NaN : familyCpuMicroseconds(this.pid);
  }

  /**
   * Creates an empty database, even if an interrupted run has left one behind.
   * @param {string} name
   * @returns {Promise<string>} its URL
   */
  async create(name) {
    await this.drop(name);
    await this.client.query(`CREATE DATABASE ${name}`);
    const url = new URL(this.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** @param {string} name */
  async drop(name) {
    await this.client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  close() {
    return this.client.end();
  }
}

module.exports = { PostgresServer };
