import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';

/** Contexts of the frameworks' start-up lines, among which the lines of `StartReport` would be hard to find. */
const FRAMEWORK_CONTEXTS = new Set<unknown>([
  'AmqpConnection',
  'InstanceLoader',
  'NestFactory',
  'RabbitMQModule',
  'RouterExplorer',
  'RoutesResolver',
]);

/** The logger behind Nest's `Logger`. Start-up lines of the frameworks get the level debug; their warnings stay. */
@Injectable()
export class ServiceLogger extends Logger {
  /** @param optional its last element is the context */
  override log(message: unknown, ...optional: unknown[]): void {
    if (FRAMEWORK_CONTEXTS.has(optional.at(-1))) super.debug(message, ...optional);
    else super.log(message, ...optional);
  }
}
