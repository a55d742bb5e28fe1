import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';

/** Refuses a request before Nest has seen it, in the shape of Nest's own errors. */
export function answerError(response: Response, statusCode: number, message: string): void {
  response.status(statusCode).json({ message, error: STATUS_CODES[statusCode], statusCode });
}
