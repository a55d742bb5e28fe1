import { AsyncLocalStorage } from 'node:async_hooks';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import {
  answerFrom,
  bodyOf,
  describesBody,
  headerPairs,
  headersOf,
  MAX_ANSWER_BYTES,
  type HttpAnswer,
} from './http-answer';

/** How the application's answer has ended. `lost`: the connection was closed before. */
export type CapturedEnd = 'ended' | 'too-long' | 'lost';

/** The response whose handler the current code is part of. */
const inHandler = new AsyncLocalStorage<ResponseCapture>();

const CAPTURED = ['writeHead', 'write', 'end', 'flushHeaders', 'headersSent', 'writableEnded'] as const;

type Written = string | Uint8Array | null | undefined;
type Done = (error?: Error | null) => void;

/**
 * Holds back what the application writes to a response until it is known what the caller may see: the answer itself, once
 * it is recorded, or another one.
 *
 * It stands where every framework writes in the end, at the methods of Node's own response, so it sees the answer after all
 * interceptors, serializers and exception filters, on Express and on Fastify. Middleware that has wrapped these methods
 * before, such as compression, still gets the answer, when it leaves.
 */
export class ResponseCapture {
  /** Resolves once the application has ended its answer, or cannot any more. */
  readonly end: Promise<CapturedEnd>;
  /** Methods that middleware has put on the response itself; the others are those of its class. */
  private readonly wrapped: readonly (readonly [string, PropertyDescriptor | undefined])[];
  private readonly chunks: Buffer[] = [];
  private readonly afterwards: Done[] = [];
  private bytes = 0;
  private isBegun = false;
  /** Status and headers, if the handler has written its answer itself: frameworks set others when it returns. */
  private own: { readonly statusCode: number; readonly headers: OutgoingHttpHeaders } | undefined;
  private state: 'open' | CapturedEnd | 'sent' = 'open';
  private settle: (end: CapturedEnd) => void = () => undefined;

  /**
   * @param before the headers that are set already, for this one request
   * @param ownNames names among them that belong to the answer all the same
   */
  constructor(
    private readonly response: ServerResponse,
    private readonly before: OutgoingHttpHeaders,
    private readonly ownNames: readonly string[],
  ) {
    this.wrapped = CAPTURED.map((name) => [name, Object.getOwnPropertyDescriptor(response, name)]);
    this.end = new Promise((resolve) => (this.settle = resolve));
    this.replaceMethods();
    if (response.destroyed) this.leave('lost');
    else response.once('close', () => this.leave('lost'));
  }

  /** Runs the handler: an answer that it writes itself is that of its work, unlike that of a time-out. */
  during<T>(handler: () => Promise<T>): Promise<T> {
    return inHandler.run(this, handler);
  }

  get isOfHandler(): boolean {
    return this.own !== undefined;
  }

  /** Whether the request is over: answered, or its client has gone. */
  get isOver(): boolean {
    return this.state !== 'open';
  }

  get isTooLong(): boolean {
    return this.state === 'too-long';
  }

  /** The status as it is set now. */
  get status(): number {
    return (this.own ?? this.response).statusCode;
  }

  /** What the application has answered, once it has ended. */
  answer(): HttpAnswer {
    const headers = this.own?.headers ?? this.response.getHeaders();
    return answerFrom(
      { status: this.status, headers, body: Buffer.concat(this.chunks) },
      this.before,
      this.ownNames,
    );
  }

  /** Sends the application's own answer, if it has ended. */
  release(): void {
    if (this.state !== 'ended') return;
    this.restore();
    this.state = 'sent';
    const { response, own } = this;
    if (own) setHead(response, own.statusCode, own.headers);
    if (this.chunks.length > 0) response.end(Buffer.concat(this.chunks));
    else response.end();
    this.mute();
    this.callBack();
  }

  /** Sends another answer, and ignores whatever else the application writes. */
  replace(answer: HttpAnswer): void {
    if (this.state === 'sent' || this.state === 'lost') return;
    const { response } = this;
    this.restore();
    this.state = 'sent';
    setHead(response, answer.status, headersOf(answer, this.before));
    const body = bodyOf(answer);
    // RFC 9110, section 8.6: not with 1xx and 204; with 304 it would be the length of another answer.
    if (answer.status !== 204 && answer.status !== 304) response.setHeader('content-length', body.length);
    response.end(body);
    this.mute();
    this.callBack();
  }

  /** Lets the application write to the response again, as if it had not been held back. Only before it has ended. */
  stop(): void {
    this.restore();
    this.state = 'sent';
  }

  /** The same for good: the answer is not that of this work. Not if there is an answer already. */
  abandon(): void {
    if (this.isOver) return;
    this.restore();
    this.leave('lost');
  }

  private replaceMethods(): void {
    const { response } = this;
    Object.assign(response, {
      writeHead: (status: number, ...rest: unknown[]) => {
        this.setHead(status, rest);
        return response;
      },
      flushHeaders: () => undefined,
      write: (chunk: Written, ...rest: unknown[]) => {
        this.append(chunk, rest);
        soon(callbackIn(rest));
        return true;
      },
      end: (...given: unknown[]) => {
        const [chunk, ...rest] = given;
        if (typeof chunk !== 'function') this.append(chunk as Written, rest);
        const done = callbackIn(given);
        if (done) this.afterwards.push(done);
        if (!this.isOver && inHandler.getStore() === this)
          this.own = { statusCode: response.statusCode, headers: { ...response.getHeaders() } };
        this.leave('ended');
        return response;
      },
    });
    // Frameworks look at these to find out whether something was answered.
    Object.defineProperty(response, 'headersSent', { configurable: true, get: () => this.isBegun });
    Object.defineProperty(response, 'writableEnded', { configurable: true, get: () => this.isOver });
  }

  private setHead(status: number, rest: readonly unknown[]): void {
    this.isBegun = true;
    this.response.statusCode = status;
    const [message, headers] = typeof rest[0] === 'string' ? rest : [undefined, rest[0]];
    if (typeof message === 'string') this.response.statusMessage = message;
    for (const [name, value] of headerPairs(headers)) this.response.setHeader(name, value);
  }

  private append(chunk: Written, rest: readonly unknown[]): void {
    if (chunk === null || chunk === undefined || this.state !== 'open') return;
    this.isBegun = true;
    const [encoding] = rest;
    const bytes =
      typeof chunk === 'string'
        ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
        : Buffer.from(chunk);
    this.bytes += bytes.length;
    if (this.bytes > MAX_ANSWER_BYTES) {
      this.chunks.length = 0;
      this.leave('too-long');
    } else this.chunks.push(bytes);
  }

  private leave(end: CapturedEnd): void {
    if (this.state !== 'open') return;
    this.state = end;
    this.isBegun = true;
    this.settle(end);
  }

  private restore(): void {
    const { response } = this;
    for (const [name, before] of this.wrapped) {
      if (before) Object.defineProperty(response, name, before);
      else Reflect.deleteProperty(response, name);
    }
  }

  /**
   * What is written from now on goes nowhere: the caller has its answer. Middleware that sends it later, such as a session
   * that is stored first, may still set headers until then, but not those that describe the body.
   */
  private mute(): void {
    const { response } = this;
    const { statusCode: status } = response;
    for (const name of ['setHeader', 'appendHeader', 'removeHeader', 'writeHead']) {
      const method = Reflect.get(response, name) as (...given: unknown[]) => unknown;
      const untilSent = (first: unknown, ...rest: unknown[]) => {
        if (response.headersSent || (name === 'setHeader' && describesBody(first))) return response;
        return method.call(response, name === 'writeHead' ? status : first, ...rest);
      };
      Reflect.set(response, name, untilSent);
    }
    Object.assign(response, {
      write: (_: unknown, ...rest: unknown[]) => {
        soon(callbackIn(rest));
        return true;
      },
      end: () => response,
    });
  }

  private callBack(): void {
    for (const done of this.afterwards.splice(0)) done();
  }
}

function setHead(response: ServerResponse, status: number, headers: OutgoingHttpHeaders): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) response.setHeader(name, value);
  response.statusCode = status;
}

function soon(done: Done | undefined): void {
  if (done) process.nextTick(done);
}

function callbackIn(given: readonly unknown[]): Done | undefined {
  return given.find((one): one is Done => typeof one === 'function');
}
