/** What is stored under the key afterwards: the answer, a counted attempt without one, or nothing at all. */
type Stored = 'answer' | 'attempt' | 'nothing';

/** What happens in a situation on every kind of handler. */
interface Everywhere {
  /** What the situation is, in one sentence. */
  readonly means: string;
  /** How often the handler has run in all, earlier requests of the same key included. */
  readonly runs: number;
  readonly stored: Stored;
}

/** The situations of the table, in the order of the page. */
export const SITUATIONS = {
  new: {
    means: 'The key is new.',
    runs: 1,
    stored: 'answer',
  },
  replay: {
    means: 'The same request again; the first one is done.',
    runs: 1,
    stored: 'answer',
  },
  'running here': {
    means: 'The same request again while this process still works on the first one.',
    runs: 1,
    stored: 'answer',
  },
  'running elsewhere': {
    means: 'The same request again while another process still works on the first one.',
    runs: 0,
    stored: 'attempt',
  },
  mismatch: {
    means: 'A request with the key of another one, but other content.',
    runs: 1,
    stored: 'answer',
  },
  error: {
    means: 'The handler throws. The same request may be sent again, and the handler then runs again.',
    runs: 1,
    stored: 'attempt',
  },
  'remembered error': {
    means: 'The handler has thrown an error that `rememberError` calls final; the same request comes again.',
    runs: 1,
    stored: 'answer',
  },
  'invalid input': {
    means: 'A `ValidationPipe` rejects the content. The key stays free: corrected content may use it.',
    runs: 0,
    stored: 'nothing',
  },
  'missing key': {
    means: 'The request has no key.',
    runs: 0,
    stored: 'nothing',
  },
  'store away': {
    means: 'The store (Redis) does not answer.',
    runs: 0,
    stored: 'nothing',
  },
} as const satisfies Record<string, Everywhere>;

export type Situation = keyof typeof SITUATIONS;

export const SITUATION_NAMES = Object.keys(SITUATIONS) as Situation[];

/** What is done with a message of RabbitMQ. */
export type Settlement = 'acknowledged' | 'rejected' | 'requeued';

/** What one kind of handler does in one situation, besides what every kind does. */
export interface Row {
  /** What the caller gets: the shortest name of it first, then the details. Empty: nobody waits for an answer. */
  readonly caller: readonly string[];
  /** Of kinds whose transport has settlements. */
  readonly message?: Settlement;
  /** What the reader cannot see in the other columns. */
  readonly note?: string;
}

export type Rows = Readonly<Record<Situation, Row>>;

/** All that is checked of one situation. */
export interface Observed extends Omit<Everywhere, 'means'> {
  readonly caller: readonly string[];
  readonly message: Settlement | undefined;
}
