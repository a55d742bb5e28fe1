import type { Readable } from 'node:stream';
import { HttpStatus, StreamableFile, type ExecutionContext } from '@nestjs/common';
import { messageOf } from '../engine/failure';
import { MAX_ANSWER_BYTES, answerOfProblem, type HttpAnswer } from './http-answer';
import { IdempotencyProblem } from './http-problem';
import type { IdempotentOptions } from './idempotency.options';
import { serialized } from './serialized';

/**
 * The result in the record of an HTTP request: the answer that its first caller got. If that caller got none, because the
 * request was over before the work, it is what the handler returned, and each duplicate renders that for itself.
 */
export type HttpRecord =
  | { readonly answer: HttpAnswer }
  | { readonly value: unknown }
  | { readonly file: { readonly base64: string; readonly type: string; readonly disposition?: string } };

/**
 * What the handler returned, with a stream read to its end: it can be read only once, and its insides are not its content.
 *
 * @throws UnrecordableAnswerProblem if it is longer than an answer may be
 */
export async function withoutStreams(returned: unknown): Promise<unknown> {
  if (returned instanceof StreamableFile) {
    const { type, disposition } = returned.getHeaders();
    const options = { type, ...(disposition !== undefined && { disposition }) };
    return new StreamableFile(await bytesOf(returned.getStream()), options);
  }
  if (returned instanceof Uint8Array) return new StreamableFile(limited(Buffer.from(returned)));
  if (isReadable(returned)) return new StreamableFile(await bytesOf(returned));
  return returned;
}

/** The record of work whose request was over. Never rejects: the work has been done. */
export async function recordOf(
  execution: ExecutionContext,
  returned: unknown,
  { serialize }: IdempotentOptions,
): Promise<HttpRecord> {
  try {
    if (!(returned instanceof StreamableFile))
      return { value: (serialize ? serialize(returned) : serialized(execution, returned)) ?? null };
    const { type, disposition } = returned.getHeaders();
    const base64 = (await bytesOf(returned.getStream())).toString('base64');
    return { file: { base64, type, ...(disposition !== undefined && { disposition: String(disposition) }) } };
  } catch (error) {
    return { answer: answerOfProblem(new UnrecordableAnswerProblem(messageOf(error), error)) };
  }
}

/** What the handler returned, for a duplicate that renders it. */
export function returnedBy(
  record: Exclude<HttpRecord, { answer: HttpAnswer }>,
  { deserialize }: IdempotentOptions,
): unknown {
  if ('value' in record) return deserialize ? deserialize(record.value) : record.value;
  const { base64, ...headers } = record.file;
  return new StreamableFile(Buffer.from(base64, 'base64'), headers);
}

/** An answer of which no record can be made; this is the answer to every duplicate, because the work has been done. */
export class UnrecordableAnswerProblem extends IdempotencyProblem {
  constructor(detail: string, cause?: unknown) {
    super({
      status: HttpStatus.INTERNAL_SERVER_ERROR,
      title: 'The request was processed, but its answer cannot be recorded',
      detail,
      code: 'unrecordable-answer',
      cause,
    });
  }
}

export function answerTooLong(): UnrecordableAnswerProblem {
  return new UnrecordableAnswerProblem(
    `It has more than ${MAX_ANSWER_BYTES} bytes. A handler with @Idempotent() must return less, such as the address of a file.`,
  );
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array | string>) {
    const part = Buffer.from(chunk);
    chunks.push(part);
    bytes += part.length;
    // Leaving the loop destroys the stream.
    if (bytes > MAX_ANSWER_BYTES) throw answerTooLong();
  }
  return Buffer.concat(chunks);
}

function limited(bytes: Buffer): Buffer {
  if (bytes.length > MAX_ANSWER_BYTES) throw answerTooLong();
  return bytes;
}

function isReadable(value: unknown): value is Readable {
  return typeof value === 'object' && value !== null && 'pipe' in value && Symbol.asyncIterator in value;
}
