import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ExecutionContext } from '@nestjs/common';
import { UnreadBodyError } from '../engine/failure';
import type { IncomingRequest } from './incoming-request';

/** The used parts of a request; the same in Express and Fastify, where not said otherwise. */
interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly originalUrl?: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly query?: unknown;
  /** Parameters in the host of a controller, such as `:account.example.com`. */
  readonly hosts?: unknown;
  readonly body?: unknown;
  /** What multer has read; in Fastify functions that read it. */
  readonly file?: unknown;
  readonly files?: unknown;
}

interface UploadedFile {
  readonly fieldname: string;
  readonly originalname: string;
  readonly mimetype: string;
  /** With multer's storage in memory. */
  readonly buffer?: Buffer;
  /** With its storage on the disk. */
  readonly path?: string;
}

/** Reads a request of Express or Fastify. */
export function httpRequest(execution: ExecutionContext): IncomingRequest {
  const request = execution.switchToHttp().getRequest<HttpRequest & object>();
  const [path] = (request.originalUrl ?? request.url).split('?');
  const { method, query, hosts, headers, body } = request;
  return {
    source: request,
    headers,
    payload: body,
    requestedAt: undefined,
    target: { method, path, query, hosts },
    attachments: () => attachmentsOf(request),
  };
}

/** @throws UnreadBodyError if the request has an unread body, or a file whose content is not here */
async function attachmentsOf(request: HttpRequest): Promise<unknown> {
  const files = filesOf(request);
  if (files.length > 0) return Promise.all(files.map(contentOf));
  if (!isUnread(request)) return undefined;
  const contentType = request.headers['content-type'];
  throw new UnreadBodyError(typeof contentType === 'string' ? contentType : 'without a content type');
}

/** Multer has one file, a list, or lists by the names of fields. */
function filesOf({ file, files }: HttpRequest): readonly UploadedFile[] {
  const lists: unknown[] = typeof files === 'object' && files !== null ? Object.values(files) : [];
  return [file, ...lists.flat()].filter(isUploadedFile);
}

function isUploadedFile(value: unknown): value is UploadedFile {
  return typeof value === 'object' && value !== null && 'fieldname' in value && 'originalname' in value;
}

async function contentOf({ fieldname, originalname, mimetype, buffer, path }: UploadedFile) {
  if (buffer) return { fieldname, originalname, mimetype, content: sha256(buffer) };
  if (path === undefined) throw new UnreadBodyError(`the file '${originalname}', stored elsewhere`);
  return { fieldname, originalname, mimetype, content: await sha256OfFile(path) };
}

/** A body that no parser accepted is undefined; older parsers, and some middleware, leave an empty object. */
function isUnread({ headers, body }: HttpRequest): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody && (body === undefined || body === null || isLeftEmpty(body, headers['content-type']));
}

/** JSON and forms may be empty objects; that of multer has no prototype. */
function isLeftEmpty(body: unknown, contentType: unknown): boolean {
  return (
    typeof body === 'object' &&
    body !== null &&
    Object.getPrototypeOf(body) === Object.prototype &&
    Object.keys(body).length === 0 &&
    !/json|urlencoded/i.test(String(contentType))
  );
}

function sha256(content: Buffer): string {
  return hash('sha256', content, 'base64url');
}

async function sha256OfFile(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('base64url');
}

/**
 * The key in an HTTP header such as `Idempotency-Key`, without quotes. The draft requires a quoted string with ignored
 * parameters (RFC 8941, section 3.3.3), most clients send it without quotes: all of them mean the same key.
 *
 * @example
 * plainKey('"abc";v=1') === plainKey('abc');
 */
export function plainKey(header: string): string {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"(?: *;.*)?$/.exec(header);
  return quoted?.[1]?.replace(/\\(["\\])/g, '$1') ?? header;
}
