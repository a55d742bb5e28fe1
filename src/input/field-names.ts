export interface FieldError {
  readonly field: string;
  readonly problem: string;
}

/** Names of unknown fields come from outside, so only well-formed names are repeated in the answer. */
export function shownName(name: string): string {
  return /^[A-Za-z_]\w{0,63}$/.test(name) ? name : '[odd name]';
}

/** In the words of class-validator. */
export function problemOfUnknown(name: string): FieldError {
  const field = shownName(name);
  return { field, problem: `property ${field} should not exist` };
}
