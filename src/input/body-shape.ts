import { FORBIDDEN_NAMES, isDeeperThan, MAX_DEPTH } from './nesting';
import { problemOfUnknown, shownName, type FieldError } from './field-names';

/** More than any body here has; the answer has a sentence for each unknown field. */
const MAX_FIELDS = 64;

/**
 * Why a body or a query is rejected before its fields are validated: the validator recurses once for each level, and
 * creates an error for each unknown field.
 */
export function shapeProblems(value: unknown, where: string): FieldError[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object' || Array.isArray(value)) {
    return [{ field: `[${where}]`, problem: `the ${where} must be a JSON object` }];
  }
  const names = Object.keys(value);
  if (names.length > MAX_FIELDS) {
    const problem = `the ${where} has ${names.length} fields, ${MAX_FIELDS} are allowed`;
    return [{ field: `[${where}]`, problem }];
  }
  return Object.entries(value)
    .filter(([, member]) => isDeeperThan(MAX_DEPTH - 1, member))
    .map(([name]) => shownName(name))
    .map((field) => ({ field, problem: `${field} must not be nested deeper than ${MAX_DEPTH} levels` }));
}

/**
 * Unknown fields that class-validator never sees: class-transformer omits fields with the name of a method, so everything
 * that each object inherits, and Nest removes fields that could change a prototype.
 */
export function hiddenFields(value: unknown): FieldError[] {
  if (typeof value !== 'object' || value === null) return [];
  const names = Object.keys(value).filter((name) => name in Object.prototype || FORBIDDEN_NAMES.has(name));
  return names.map(problemOfUnknown);
}
