import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

export interface RawRequest {
  method?: string;
  /** In place of what a client would send by itself, `Host` among it. */
  headers?: Record<string, string>;
  body?: string;
}

export interface RawAnswer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  text: string;
}

/** A request whose headers are as given, which `fetch` does not permit for all of them. */
export async function send(url: string, { method = 'GET', headers, body }: RawRequest): Promise<RawAnswer> {
  const sent = request(url, { method, ...(headers && { headers }), agent: false });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode, headers: answer.headers, text };
}
