import { isRecord } from './json-values';

/** Reads a JSON object field by field and collects all problems. */
export class FieldReader {
  readonly problems: string[] = [];
  private readonly known: string[] = [];

  constructor(
    private readonly fields: Record<string, unknown>,
    private readonly path = '',
  ) {}

  integer(name: string, bounds: { min: number; max: number; fallback?: number }): number {
    return this.number(name, { ...bounds, integer: true });
  }

  number(name: string, bounds: { min: number; max: number; fallback?: number; integer?: boolean }): number {
    const { min, max, fallback, integer = false } = bounds;
    const value = this.take(name) ?? fallback;
    if (typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value))) {
      return value;
    }
    this.addProblem(name, `must be ${integer ? 'an integer' : 'a number'} from ${min} to ${max}`);
    return min;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.take(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    this.addProblem(name, 'must be true or false');
    return fallback;
  }

  text(name: string): string | undefined {
    const value = this.take(name);
    if (value === undefined || isText(value)) return value;
    this.addProblem(name, 'must be a text');
    return undefined;
  }

  requiredText(name: string): string {
    const value = this.take(name);
    if (isText(value)) return value;
    this.addProblem(name, 'must be a text');
    return '';
  }

  choice<T extends string, F extends T | undefined>(name: string, allowed: readonly T[], fallback: F): T | F {
    const value = this.take(name) ?? fallback;
    if (value === undefined) return fallback;
    const found = allowed.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    this.addProblem(name, `must be one of ${allowed.join(', ')}`);
    return fallback;
  }

  /** The object under that name, or an empty one. The caller must also collect its problems. */
  nested(name: string): FieldReader {
    const value = this.take(name) ?? {};
    if (isRecord(value)) return new FieldReader(value, `${this.path}${name}.`);
    this.addProblem(name, 'must be an object');
    return new FieldReader({}, `${this.path}${name}.`);
  }

  /** All problems, including unknown fields. */
  finish(): string[] {
    const unknown = Object.keys(this.fields).filter((name) => !this.known.includes(name));
    return [
      ...this.problems,
      ...unknown.map(
        (name) => `${this.path}${name} is not a known field; allowed are ${this.known.join(', ')}`,
      ),
    ];
  }

  private take(name: string): unknown {
    this.known.push(name);
    return Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
  }

  private addProblem(name: string, rule: string): void {
    this.problems.push(`${this.path}${name} ${rule}`);
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
