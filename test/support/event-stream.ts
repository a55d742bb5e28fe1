import { createInterface, type Interface } from 'node:readline';
import { Readable } from 'node:stream';

/** Server-sent events, read one by one. */
export class EventStream {
  private constructor(
    private readonly aborting: AbortController,
    private readonly lines: AsyncIterator<string>,
    private readonly reader: Interface,
  ) {}

  static async open(url: string): Promise<EventStream> {
    const aborting = new AbortController();
    const { body, status } = await fetch(url, { signal: aborting.signal });
    if (!body || status !== 200) throw new Error(`${url} answered ${status}`);
    const input = Readable.from(body);
    // The test closes the stream, or the service stops.
    input.on('error', () => undefined);
    const reader = createInterface({ input });
    return new EventStream(aborting, reader[Symbol.asyncIterator](), reader);
  }

  /** The data of the next event of this type. */
  async next(type: string): Promise<unknown> {
    return this.until(type, () => true);
  }

  async until(type: string, isWanted: (data: unknown) => boolean): Promise<unknown> {
    let current = '';
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error(`the stream ended without the awaited event '${type}'`);
      if (value.startsWith('event: ')) current = value.slice('event: '.length);
      if (!value.startsWith('data: ') || current !== type) continue;
      const data: unknown = JSON.parse(value.slice('data: '.length));
      if (isWanted(data)) return data;
    }
  }

  async close(): Promise<void> {
    this.reader.close();
    this.aborting.abort();
    return Promise.resolve();
  }
}
