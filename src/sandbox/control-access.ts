import { isForeignHost } from '../http/foreign-requests';
import { json } from './http';
import type { HttpRequest, JsonReply } from './http';

/**
 * Why a request may not control the sandbox. No page in a browser may, so `Origin` alone is enough; and JSON that calls
 * itself so is nothing that a page can send without asking first.
 */
export function controlRefusal({ method, headers }: HttpRequest, ownHost: string): JsonReply | undefined {
  if (headers.origin !== undefined) {
    return refuse(403, 'Pages in a browser may not control the sandbox; send the request without Origin.');
  }
  if (isForeignHost(headers.host, ownHost)) {
    return refuse(
      403,
      'A stranger may own the name in Host; use an IP address, localhost, a name without a dot, or that of SANDBOX_HOST.',
    );
  }
  if (method === 'POST' && !/^application\/json *(;|$)/i.test(headers['content-type'] ?? '')) {
    return refuse(415, 'The body must be JSON, and be called so: Content-Type: application/json.');
  }
  return undefined;
}

function refuse(status: number, message: string): JsonReply {
  return json(status, { error: { message } });
}
