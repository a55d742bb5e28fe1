'use strict';

/** The library as it is shipped: the build, through its public exports. */
const idempotency = {
  ...require('nestjs-idempotent'),
  ...require('nestjs-idempotent/rabbitmq'),
  ...require('nestjs-idempotent/redis'),
  ...require('nestjs-idempotent/postgres'),
};

module.exports = { idempotency };
