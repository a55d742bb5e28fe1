import { Mux } from 'amqplib/lib/mux';

/*
 * Import this before the first connection is opened.
 *
 * The AMQP client writes the frames of a turn to its socket one by one: the first at once, the others when that is written.
 * Corked, they go out together, with one call of the system instead of two or three.
 */
const write = Mux.prototype._readIncoming;

Mux.prototype._readIncoming = function (this: Mux) {
  this.out.cork();
  try {
    write.call(this);
  } finally {
    this.out.uncork();
  }
};
