import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';

/** What the frameworks tell of their own wiring would bury what runs where, which `StartReport` says. */
const WIRING = new Set<unknown>([
  'AmqpConnection',
  'InstanceLoader',
  'NestFactory',
  'RabbitMQModule',
  'RouterExplorer',
  'RoutesResolver',
]);

/** The logger behind Nest's own. The frameworks' accounts of their wiring are for debugging; their warnings stay. */
@Injectable()
export class ServiceLogger extends Logger {
  /** @param optional ends with the context */
  override log(message: unknown, ...optional: unknown[]): void {
    if (WIRING.has(optional.at(-1))) super.debug(message, ...optional);
    else super.log(message, ...optional);
  }
}
