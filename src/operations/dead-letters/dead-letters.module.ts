import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Module, ServiceUnavailableException } from '@nestjs/common';
import { IdempotencyService } from 'nestjs-idempotent';
import { MessagingModule } from '../../messaging/messaging.module';
import { PaymentKeys } from '../../payment/payment-keys';
import { countsIn } from './attempt-counts';
import { DeadLetters } from './dead-letters';
import { DeadLettersController } from './dead-letters.controller';

/** The HTTP endpoints for dead letters; a development tool. */
@Module({
  imports: [MessagingModule],
  controllers: [DeadLettersController],
  providers: [
    PaymentKeys,
    {
      provide: DeadLetters,
      inject: [AmqpConnection, IdempotencyService, PaymentKeys],
      // A separate channel for each call: closing it returns every message that was only read.
      useFactory: (connection: AmqpConnection, idempotency: IdempotencyService, keys: PaymentKeys) =>
        new DeadLetters({
          openChannel: () => openChannel(connection),
          attempts: countsIn(idempotency, keys),
        }),
    },
  ],
})
export class DeadLettersModule {}

async function openChannel(amqp: AmqpConnection) {
  const { connection } = amqp.managedConnection;
  if (!connection)
    throw new ServiceUnavailableException('RabbitMQ is not connected; try again when /health/ready is green');
  return connection.createConfirmChannel();
}
