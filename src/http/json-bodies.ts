import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { answerError } from './answer-error';
import { shapeProblems } from '../input/body-shape';
import { fieldErrors } from '../input/field-errors';

const LIMIT_KB = 100;
/** The gateway's events: larger, and in its own form, which their signature proves. */
const WEBHOOKS = { path: '/webhooks/', limitKb: 256 };

/** Accepts only JSON. Unreadable bodies are answered here, so also before Nest is initialised. */
export function takeJsonBodies(app: NestExpressApplication): void {
  app.use(refuseOtherTypes);
  app.useBodyParser('json', { limit: WEBHOOKS.limitKb * 1024, type: isWebhook });
  app.useBodyParser('json', { limit: LIMIT_KB * 1024 });
  app.use(answerUnreadable);
  app.use(refuseWrongShape);
}

/** The type of its body is JSON, as for all requests. */
function isWebhook({ url }: IncomingMessage): boolean {
  return url?.startsWith(WEBHOOKS.path) === true;
}

/** Otherwise the body would count as empty, and each field as missing. */
function refuseOtherTypes(request: Request, response: Response, next: NextFunction): void {
  const isEmpty = request.headers['content-length'] === '0';
  // `null` without a body.
  if (isEmpty || request.is('application/json') !== false) next();
  else answerError(response, 415, 'the body must be JSON, with Content-Type: application/json');
}

/** Runs before the interceptors, because they read a body to its last level before any pipe checks it. */
function refuseWrongShape(request: Request, response: Response, next: NextFunction): void {
  const problems = isWebhook(request) ? [] : shapeProblems(request.body, 'body');
  if (problems.length === 0) next();
  else response.status(400).json(fieldErrors(problems).getResponse());
}

function answerUnreadable(error: unknown, request: Request, response: Response, next: NextFunction): void {
  const status = statusOf(error);
  if (status === undefined) next(error);
  else answerError(response, status, problemIn(error, status, request));
}

/** The status of an error that the client caused; undefined for other errors. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? error.status : undefined;
}

function problemIn(error: unknown, status: number, request: Request): string {
  if (status === 413) return `the body is larger than ${isWebhook(request) ? WEBHOOKS.limitKb : LIMIT_KB} kB`;
  // The parser's own text would quote the body.
  if (error instanceof SyntaxError) return 'the body must be a JSON object';
  return error instanceof Error ? error.message : 'the body cannot be read';
}
