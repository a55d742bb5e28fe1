'use strict';

/** The same settings for all variants that have them. */
module.exports = {
  SCOPE: 'payment',
  TTL_SECONDS: 86_400,
  LEASE_MS: 30_000,
  /** The number of keys in the largest measurement, so that the local memory can hold them all. */
  MEMORY_ENTRIES: 20_000,
};
