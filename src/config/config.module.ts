import { Global, Module } from '@nestjs/common';
import { ConfigModule as NestConfigModule, registerAs } from '@nestjs/config';
import { Environment } from './environment';
import { parseEnvironment } from './parse-environment';

const environment = registerAs('environment', readEnvironment);

/**
 * Makes `Environment` injectable everywhere. Importing this file reads `.env` of the working directory into the
 * variables that the real environment leaves open.
 */
@Global()
@Module({
  imports: [NestConfigModule.forRoot({ load: [environment] })],
  providers: [{ provide: Environment, useExisting: environment.KEY }],
  exports: [Environment],
})
export class ConfigModule {}

/**
 * The environment before there is an application: to choose its modules by role, and to report a wrong one alone.
 * @throws InvalidEnvironmentError which names every wrong variable.
 */
export function readEnvironment(): Environment {
  return parseEnvironment(process.env);
}
