/**
 * Import it first in every program that reads messages.
 *
 * The AMQP client makes header tables by assignment. Assigning to `__proto__` gives the table another prototype, and
 * with bytes as prototype the next assignment to `length` throws inside the client, which never recovers: one message
 * would stop every consumer that is offered it. Without the accessor `__proto__` is a name like any other. Node.js has
 * the same as an option, `--disable-proto=delete`.
 */
Reflect.deleteProperty(Object.prototype, '__proto__');
