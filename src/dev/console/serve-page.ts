import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { CONSOLE_POLICY } from '../../http/security-headers';

/** Serves the development console's page at `/`. */
export function servePage(app: NestExpressApplication): void {
  app.useStaticAssets(join(__dirname, 'page'), {
    setHeaders: (response: ServerResponse) => {
      response.setHeader('Content-Security-Policy', CONSOLE_POLICY);
      // The files change with each build, so browsers revalidate them and get a 304.
      response.setHeader('Cache-Control', 'no-cache');
    },
  });
}
