import './opening-connections';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';

type ConnectionManager = AmqpConnection['managedConnection'];
type ChannelWrapper = AmqpConnection['managedChannel'];

/** Long enough that a broker which ends each connection at once is not asked in a hot loop. */
const RECONNECT_DELAY_MS = 1_000;

/**
 * Ends what the libraries begin for us and do not look at again when the broker goes away while channels are set up.
 * Without it such a moment ends the process, or leaves it alive without a connection for good.
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
   * golevelup adds the setup of a subscriber to its channel and drops the promise: rejected, it would end the process.
   * The channel keeps the setup all the same, and runs it again as soon as it is connected anew.
   */
  private handleFailedSetups(wrapper: ChannelWrapper): void {
    const addSetup = wrapper.addSetup.bind(wrapper);
    wrapper.addSetup = (setup, done) => {
      const added = addSetup(setup, done);
      added.catch((error: unknown) =>
        this.logger.warn(
          `Channel "${wrapper.name}" closed while it was set up, and is set up again on the next connection: ${String(error)}`,
        ),
      );
      return added;
    };
  }

  /**
   * A broker that ends a connection right after it was opened may be heard before amqp-connection-manager listens: it
   * would wait for ever for the end of a connection that has ended.
   */
  private renewIfEnded(manager: ConnectionManager): void {
    const { connection } = manager;
    if (!connection?.connection.expectSocketClose) return;
    this.logger.warn('RabbitMQ ended the connection as soon as it was open; connecting anew');
    setTimeout(() => {
      if (manager.connection === connection && !this.stopping) connectAnew(manager);
    }, RECONNECT_DELAY_MS).unref();
  }
}

/**
 * Ends the connection, so that another one is made. The manager's own `reconnect()` stops listening to it first: a
 * socket that breaks meanwhile would then end the process, and one that does not answer would never be given up.
 */
export function connectAnew(manager: ConnectionManager): void {
  const { connection } = manager;
  if (!connection) return;
  connection.close().catch(() => {
    // It was ended already, and nobody heard of that.
    if (manager.connection !== connection) return;
    manager.reconnect();
    connection.on('error', () => undefined);
  });
}
