import './joint-writes';
import './opening-connections';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';

type ConnectionManager = AmqpConnection['managedConnection'];
type ChannelWrapper = AmqpConnection['managedChannel'];

/** Prevents a hot loop if the broker ends each connection at once. */
const RECONNECT_DELAY_MS = 1_000;

/**
 * Handles errors that the libraries do not handle, if the broker becomes unavailable while channels are set up. Without
 * this the process would end, or would live on and never reconnect.
 */
@Injectable()
export class ConnectionUpkeep implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(ConnectionUpkeep.name);
  private stopping = false;

  constructor(private readonly connection: AmqpConnection) {}

  /** Before the subscribers are registered. */
  onModuleInit(): void {
    for (const wrapper of Object.values(this.connection.managedChannels)) this.handleFailedSetups(wrapper);
    const manager = this.connection.managedConnection;
    manager.on('connect', () => this.renewIfEnded(manager));
    this.renewIfEnded(manager);
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  /**
   * golevelup adds the setup of a subscriber to its channel and does not handle the promise, so a rejection would end the
   * process. The channel keeps the setup nevertheless, and runs it again when it is connected again.
   */
  private handleFailedSetups(wrapper: ChannelWrapper): void {
    const addSetup = wrapper.addSetup.bind(wrapper);
    wrapper.addSetup = (setup, done) => {
      const added = addSetup(setup, done);
      added.catch((error: unknown) =>
        this.logger.warn(
          `Channel "${wrapper.name}" closed during its setup; the setup runs again on the next connection: ${String(error)}`,
        ),
      );
      return added;
    };
  }

  /**
   * If the broker ends a connection right after it was opened, amqp-connection-manager may start listening too late: it
   * would wait forever for the end of a connection that has already ended.
   */
  private renewIfEnded(manager: ConnectionManager): void {
    const { connection } = manager;
    if (!connection?.connection.expectSocketClose) return;
    this.logger.warn('RabbitMQ ended the connection as soon as it was open; reconnecting');
    setTimeout(() => {
      if (manager.connection === connection && !this.stopping) reconnect(manager);
    }, RECONNECT_DELAY_MS).unref();
  }
}

/**
 * Closes the connection, so that the manager opens another one. The manager's own `reconnect()` first stops listening to
 * the connection: a socket error would then end the process, and a socket that does not answer would never be closed.
 */
export function reconnect(manager: ConnectionManager): void {
  const { connection } = manager;
  if (!connection) return;
  connection.close().catch(() => {
    // The connection had already ended, and the manager has not noticed it.
    if (manager.connection !== connection) return;
    manager.reconnect();
    connection.on('error', () => undefined);
  });
}
