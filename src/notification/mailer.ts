import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { Environment } from '../config/environment';
import { smtpError } from './smtp-errors';

export interface Mail {
  readonly to: string;
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
  /** Gives up; whether the mail server has taken the message is unknown then. */
  readonly signal: AbortSignal;
}

/** A mail server that does not answer must not hold a message, and with it a shutdown, for minutes. */
const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 30_000;
/** Mail servers limit the connections of one client; the rest waits its turn. */
const MAX_CONNECTIONS = 5;

/** Hands e-mails over to a mail server. */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private readonly transport;

  constructor(private readonly environment: Environment) {
    const { smtpUrl, nodeEnv, allowInsecureUrls } = environment;
    this.transport = createTransport({
      url: smtpUrl,
      pool: true,
      maxConnections: MAX_CONNECTIONS,
      // Its own retries would hide attempts; ours are counted, spread and survive a crash.
      maxRequeues: 0,
      requireTLS: nodeEnv === 'production' && !allowInsecureUrls,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  get sender(): string {
    return this.environment.receiptFrom;
  }

  /**
   * Resolves when the mail server has taken responsibility for the message.
   *
   * @throws SmtpError
   */
  async send({ to, ...mail }: Mail): Promise<void> {
    try {
      await this.transport.sendMail({
        ...mail,
        from: { name: '', address: this.sender },
        // As an object, because a text would be parsed: one address must stay one recipient.
        to: { name: '', address: to },
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    } catch (error) {
      throw smtpError(error);
    }
  }

  onApplicationShutdown(): void {
    this.transport.close();
  }
}
