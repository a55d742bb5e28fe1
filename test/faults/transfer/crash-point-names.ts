/** Where in the processing of a transfer a consumer can be made to die; `consumer.ts` implements each point. */
export const transferCrashPoints = [
  /** The key is claimed, and the transaction is open. */
  'before-effect',
  'after-effect',
  /** The record is written, and COMMIT is not sent. */
  'before-commit',
  /** COMMIT is confirmed, and the message is not acknowledged. */
  'after-commit',
] as const;

export type TransferCrashPoint = (typeof transferCrashPoints)[number];
