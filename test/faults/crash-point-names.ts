/** Where in the processing of a payment a consumer can be made to die; `crash-points.ts` implements each point. */
export const crashPoints = [
  'after-claim',
  'before-ledger-begin',
  'ledger-begun',
  'before-send',
  'sent',
  'replied',
  'before-ledger-end',
  'ledger-ended',
  'event-published',
  'before-complete',
  'after-complete',
  'before-ack',
  'after-ack',
  /** Of a payment that ends later: its record says so, and the ledger does not yet. */
  'record-replaced',
  /** The ledger has the end of a payment, and the webhook that told it has no answer. */
  'webhook-stored',
  'in-renew',
  'after-release',
  'before-delay',
  'delayed',
  'before-dead-letter',
  'dead-lettered',
] as const;

export type CrashPoint = (typeof crashPoints)[number];

/** What a consumer prints right before it dies. */
export const farewell = (point: string): string => `crash point reached: ${point}`;
