import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';

/** Answers with an error before Nest handles the request, in the form of Nest's own errors. */
export function answerError(response: Response, statusCode: number, message: string): void {
  response.status(statusCode).json({ message, error: STATUS_CODES[statusCode], statusCode });
}
