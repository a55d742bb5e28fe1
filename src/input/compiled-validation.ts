import {
  getMetadataStorage,
  validateSync,
  type ValidationArguments,
  type ValidationError,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { FORBIDDEN_NAMES } from './nesting';

/** One rule of a field, as class-validator has it. */
interface Rule {
  readonly constraint: ValidatorConstraintInterface;
  readonly constraints: unknown[];
}

interface Field {
  /** Whether the other rules apply, such as `@IsOptional()`. */
  readonly conditions: readonly ((object: object, value: unknown) => boolean)[];
  readonly rules: readonly Rule[];
}

/**
 * Validates objects of one class with class-validator's own decorators and rules, which it looks up once instead of for
 * each object. It only recognises valid objects: for any other, `validateSync` finds the errors.
 *
 * @param unknownFields whether they are errors, or are left out
 *
 * @example
 * const payments = new CompiledValidation(PaymentMessage, 'refused');
 * payments.errorsOf(payments.instanceOf(body)); // []
 */
export class CompiledValidation<T extends object> {
  private compiled: ReadonlyMap<string, Field> | undefined;

  constructor(
    private readonly type: new () => T,
    private readonly unknownFields: 'refused' | 'left-out',
  ) {}

  /** An object of the class with the members of a parsed JSON object, without the class's initial values. */
  instanceOf(body: object): T {
    const instance = Object.create(this.type.prototype as object) as T;
    for (const [name, value] of Object.entries(body)) {
      // They would change what the object is. `hiddenFields` reports them.
      if (name in Object.prototype || FORBIDDEN_NAMES.has(name)) continue;
      if (this.unknownFields === 'left-out' && !this.fields.has(name)) continue;
      Reflect.set(instance, name, value);
    }
    return instance;
  }

  /** The same as `validateSync`. */
  errorsOf(object: T): ValidationError[] {
    if (isValid(object, this.fields)) return [];
    return validateSync(object, { whitelist: true, forbidNonWhitelisted: true });
  }

  private get fields(): ReadonlyMap<string, Field> {
    this.compiled ??= fieldsOf(this.type);
    return this.compiled;
  }
}

function isValid(object: object, fields: ReadonlyMap<string, Field>): boolean {
  for (const name of Object.keys(object)) if (!fields.has(name)) return false;
  for (const [property, { conditions, rules }] of fields) {
    const value: unknown = Reflect.get(object, property);
    if (!conditions.every((applies) => applies(object, value))) continue;
    const targetName = object.constructor.name;
    for (const { constraint, constraints } of rules) {
      const asked: ValidationArguments = { targetName, property, object, value, constraints };
      if (constraint.validate(value, asked) !== true) return false;
    }
  }
  return true;
}

/** @throws Error for a decorator whose rules cannot be looked up once, such as one for nested objects */
function fieldsOf(type: new () => object): ReadonlyMap<string, Field> {
  const storage = getMetadataStorage();
  const fields = new Map<string, { conditions: Field['conditions'][number][]; rules: Rule[] }>();
  for (const metadata of storage.getTargetValidationMetadatas(type, '', false, false)) {
    const { propertyName, constraints = [], constraintCls } = metadata;
    const field = fields.get(propertyName) ?? { conditions: [], rules: [] };
    fields.set(propertyName, field);
    if (metadata.type === 'conditionalValidation') {
      field.conditions.push(constraints[0] as Field['conditions'][number]);
      continue;
    }
    if (metadata.type !== 'customValidation' || metadata.each || metadata.validateIf)
      throw new Error(`${type.name}.${propertyName}: ${metadata.type} cannot be compiled`);
    for (const { instance, async } of storage.getTargetValidatorConstraints(constraintCls)) {
      if (async) throw new Error(`${type.name}.${propertyName}: an asynchronous rule cannot be compiled`);
      field.rules.push({ constraint: instance, constraints });
    }
  }
  return fields;
}
