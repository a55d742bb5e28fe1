import { Connection } from 'amqplib/lib/connection';

/**
 * Import this before the first connection is opened.
 *
 * The AMQP client returns a connection only when it is open, so before that no listener for its errors can be added, and an
 * error without a listener ends the process. A broker that fails right after the login causes one. This listener hides
 * nothing: the connection's other listeners receive the errors, too, and its end.
 */
const open = Connection.prototype.open;

Connection.prototype.open = function (this: Connection, ...args: Parameters<Connection['open']>) {
  this.on('error', () => undefined);
  open.apply(this, args);
};
