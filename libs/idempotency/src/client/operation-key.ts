import { isKey } from '../engine/idempotency-key';

/** The places where a caller may put the key of an operation. */
export interface GivenKeys {
  readonly option: string | undefined;
  readonly header: unknown;
}

/**
 * The key of one operation: the caller's if there is one, otherwise a new UUID (version 4).
 *
 * @throws TypeError when it is not 1 to 255 visible ASCII characters, or there are two that differ
 */
export function operationKey({ option, header = undefined }: GivenKeys): string {
  if (option !== undefined && header !== undefined && option !== header) {
    throw new TypeError(
      "the option 'idempotencyKey' and the header of the call have different keys; pass one",
    );
  }
  const key = option ?? header ?? crypto.randomUUID();
  if (isKey(key)) return key;
  throw new TypeError('an idempotency key must be a string of 1 to 255 visible ASCII characters');
}
