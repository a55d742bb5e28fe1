import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

export interface RawRequest {
  method?: string;
  /** Instead of the headers that a client sends by default, including `Host`. */
  headers?: Record<string, string>;
  body?: string;
}

export interface RawAnswer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Sends a request with exactly the given headers; `fetch` does not permit that for all headers. */
export async function send(url: string, { method = 'GET', headers, body }: RawRequest): Promise<RawAnswer> {
  const sent = request(url, { method, ...(headers && { headers }), agent: false });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode, headers: answer.headers, text };
}
