/** Where in the processing of a payment a consumer can be made to die; `crash-points.ts` implements each point. */
export const crashPoints = [
  'after-claim',
  'before-send',
  'sent',
  'replied',
  'event-published',
  'before-complete',
  'after-complete',
  'before-ack',
  'after-ack',
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
