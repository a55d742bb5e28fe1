import type { DynamicModule } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Environment } from '../config/environment';
import { ConsoleModule } from './console/console.module';
import { servePage } from './console/serve-page';

/** What the service adds for development: the console. Loaded by `main.ts` alone, and not part of the production image. */
export function developmentModules({ appRoles }: Environment): DynamicModule[] {
  return [ConsoleModule.forRoot({ withPage: appRoles.includes('publisher') })];
}

export function serveForDevelopment(app: NestExpressApplication, { appRoles }: Environment): void {
  // The page publishes payments, so it needs the publisher role.
  if (appRoles.includes('publisher')) servePage(app);
}
