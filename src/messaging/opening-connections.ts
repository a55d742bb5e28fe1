import { Connection } from 'amqplib/lib/connection';

/**
 * Imported before the first connection is made.
 *
 * The AMQP client hands a connection over only when it is open, so until then nobody can listen to its errors, and an
 * error without a listener ends the process. A broker that fails right after it has let us in causes one. Nothing is
 * hidden by listening here: those who have the connection hear its errors, too, and its end.
 */
const open = Connection.prototype.open;

Connection.prototype.open = function (this: Connection, ...args: Parameters<Connection['open']>) {
  this.on('error', () => undefined);
  open.apply(this, args);
};
