import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

export interface HttpRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An answer, or a connection that is closed without one. */
export type Reply = JsonReply | { kind: 'drop' };

export interface JsonReply {
  kind: 'json';
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

export function json(status: number, body: unknown, headers?: Record<string, string>): JsonReply {
  return headers === undefined ? { kind: 'json', status, body } : { kind: 'json', status, body, headers };
}

/** Much larger than any valid request. */
export const MAX_BODY_BYTES = 1_000_000;

export async function readRequest(message: IncomingMessage): Promise<HttpRequest | 'too-large'> {
  const body = await readBody(message);
  if (body === 'too-large') return body;
  const { pathname, searchParams } = new URL(`http://sandbox${message.url ?? '/'}`);
  return {
    method: message.method ?? 'GET',
    path: pathname,
    query: searchParams,
    headers: message.headers,
    body: body.toString('utf8'),
  };
}

/** Always reads to the end: a client that gets the answer while it is still sending may never see it. */
async function readBody(message: IncomingMessage): Promise<Buffer | 'too-large'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_BODY_BYTES ? Buffer.concat(chunks) : 'too-large';
}

export function sendReply(response: ServerResponse, reply: Reply): void {
  if (reply.kind === 'drop') {
    response.socket?.destroy();
    return;
  }
  const text = JSON.stringify(reply.body);
  response.writeHead(reply.status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...reply.headers,
  });
  response.end(text);
}
