import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerDataStream } from 'smtp-server';

/** An e-mail that the mail server accepted. */
export interface ReceivedMail {
  from: string;
  to: string[];
  /** Headers and text as received. */
  source: string;
}

/** A real mail server with a mailbox that the test can read. It can be stopped, refuse e-mails, and delay its answer. */
export class Mailbox {
  /** Every e-mail that it answered with "250" or will answer so. */
  readonly mails: ReceivedMail[] = [];
  /** E-mails that were sent to it, whatever it answered. */
  attempts = 0;
  private server: SMTPServer | undefined;
  private refusal: number | undefined;
  private gate: Promise<void> = Promise.resolve();

  /** Chosen by the system at the first start, and reused at every later start. */
  private port = 0;

  private constructor() {}

  static async open(): Promise<Mailbox> {
    const mailbox = new Mailbox();
    await mailbox.start();
    return mailbox;
  }

  /** The value for `SMTP_URL`. */
  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** The e-mails to one address. */
  to(address: string): ReceivedMail[] {
    return this.mails.filter((mail) => mail.to.includes(address));
  }

  async start(): Promise<void> {
    const server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      onRcptTo: (_address, _session, done) => {
        if (this.refusal === undefined) return done();
        this.attempts++;
        // Real servers quote the address, too.
        done(Object.assign(new Error(`<${_address.address}> refused`), { responseCode: this.refusal }));
      },
      onData: (stream, session, done) => {
        this.attempts++;
        void readAll(stream).then(async (source) => {
          const { mailFrom, rcptTo } = session.envelope;
          const from = mailFrom === false ? '' : mailFrom.address;
          this.mails.push({ from, to: rcptTo.map(({ address }) => address), source });
          await this.gate;
          done();
        });
      },
    });
    // In some tests clients die in the middle of an e-mail.
    server.on('error', () => undefined);
    server.listen(this.port, '127.0.0.1');
    await once(server.server, 'listening');
    const address = server.server.address();
    if (address === null || typeof address === 'string') throw new Error('a mail server without a port');
    this.port = address.port;
    this.server = server;
  }

  /** Closes connections and refuses new ones, as if the machine were down. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server) await new Promise<void>((closed) => server.close(closed));
  }

  /** Answers every recipient with this code, until `accept`. */
  refuse(responseCode: number): void {
    this.refusal = responseCode;
  }

  accept(): void {
    this.refusal = undefined;
  }

  /** E-mails from now on are kept but not confirmed until the returned function is called. */
  hesitate(): () => void {
    let confirm = (): void => undefined;
    this.gate = new Promise((resolve) => (confirm = resolve));
    return () => confirm();
  }
}

/** A header of an e-mail, on one line. */
export function headerOf({ source }: ReceivedMail, name: string): string | undefined {
  const [head = ''] = source.split('\r\n\r\n');
  const unfolded = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const prefix = `${name.toLowerCase()}:`;
  return unfolded
    .find((line) => line.toLowerCase().startsWith(prefix))
    ?.slice(prefix.length)
    .trim();
}

async function readAll(stream: SMTPServerDataStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString('utf8');
}
