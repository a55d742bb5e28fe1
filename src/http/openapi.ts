import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { DOCS_POLICY } from './security-headers';

/** Serves the OpenAPI page at `/docs` and its document at `/docs-json`. For development only. */
export function serveOpenApi(app: INestApplication): void {
  const about = new DocumentBuilder()
    .setTitle('payment-consumer')
    .setDescription(
      'The HTTP side of the payment consumer: a publisher for development, dead letters, health, metrics.',
    )
    .setVersion('0.1.0')
    .build();
  app.use('/docs', (_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('Content-Security-Policy', DOCS_POLICY);
    next();
  });
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, about), {
    // The validator would send this service's address to a server on the internet.
    swaggerOptions: { validatorUrl: null },
  });
}
