const NAME = /^[\x21-\x7E]{1,64}$/;
export const NAME_RULE = "must be 1 to 64 visible ASCII characters without ':', '{' and '}'";

/** Whether the value can name a scope, a tenant or a step. They become parts of other names, so they lack the separators. */
export function isName(value: string): boolean {
  return NAME.test(value) && !/[:{}]/.test(value);
}
