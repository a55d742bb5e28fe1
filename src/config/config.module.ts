import { Global, Module } from '@nestjs/common';
import { ConfigModule as NestConfigModule, registerAs } from '@nestjs/config';
import { Environment } from './environment';
import { parseEnvironment } from './parse-environment';

const environment = registerAs('environment', readEnvironment);

/**
 * Makes `Environment` injectable everywhere. Importing this file sets the variables in `.env` of the working directory
 * that the environment does not set.
 */
@Global()
@Module({
  imports: [NestConfigModule.forRoot({ load: [environment] })],
  providers: [{ provide: Environment, useExisting: environment.KEY }],
  exports: [Environment],
})
export class ConfigModule {}

/**
 * The environment before the application exists: to choose its modules by role, and to report problems first.
 * @throws InvalidEnvironmentError which names every wrong variable.
 */
export function readEnvironment(): Environment {
  return parseEnvironment(process.env);
}
