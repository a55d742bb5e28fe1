'use strict';

/** The same for everybody, as far as they can be told. */
module.exports = {
  SCOPE: 'payment',
  TTL_SECONDS: 86_400,
  LEASE_MS: 30_000,
  /** As many as the largest measurement has keys, so that the local memory knows them all. */
  MEMORY_ENTRIES: 20_000,
};
