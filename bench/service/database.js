'use strict';

const { openConnections } = require('../postgres/connections');
const { OUTBOX_TABLE } = require('./topology');

/** The database of one contender. */
class ContenderDatabase {
  /**
   * @private
   * @param {import('../postgres/server').PostgresServer} server
   * @param {string} name
   * @param {string} url
   */
  constructor(server, name, url) {
    this.server = server;
    this.name = name;
    this.url = url;
    this.pool = openConnections(url);
  }

  /**
   * @param {import('../postgres/server').PostgresServer | undefined} server
   * @param {string} vhost whose name the database gets
   */
  static async create(server, vhost) {
    if (!server) throw new Error('the benchmark was started without the PostgreSQL that this group needs');
    const name = vhost.replaceAll(/\W+/g, '_');
    return new ContenderDatabase(server, name, await server.create(name));
  }

  /** How many events of payments wait in the service's outbox. */
  async waitingEvents() {
    /** @type {import('pg').QueryResult<{ waiting: number }>} */
    const { rows } = await this.pool.query(`SELECT count(*)::integer AS waiting FROM ${OUTBOX_TABLE}`);
    return rows[0]?.waiting ?? 0;
  }

  async drop() {
    await this.pool.end();
    await this.server.drop(this.name);
  }
}

module.exports = { ContenderDatabase };
