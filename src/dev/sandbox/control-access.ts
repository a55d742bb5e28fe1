import { isForeignHost } from '../../http/foreign-requests';
import { json } from './http';
import type { HttpRequest, JsonReply } from './http';

/**
 * Why a request may not control the sandbox; undefined if it may. Web pages may not, so `Origin` is enough to reject it; and
 * a page cannot send `Content-Type: application/json` without a CORS preflight.
 */
export function controlRefusal({ method, headers }: HttpRequest, ownHost: string): JsonReply | undefined {
  if (headers.origin !== undefined) {
    return refuse(403, 'Web pages may not control the sandbox; send the request without Origin.');
  }
  if (isForeignHost(headers.host, ownHost)) {
    return refuse(
      403,
      'Another party may own the name in Host; use an IP address, localhost, a name without a dot, or that of SANDBOX_HOST.',
    );
  }
  if (method === 'POST' && !/^application\/json *(;|$)/i.test(headers['content-type'] ?? '')) {
    return refuse(415, 'The body must be JSON, with Content-Type: application/json.');
  }
  return undefined;
}

function refuse(status: number, message: string): JsonReply {
  return json(status, { error: { message } });
}
