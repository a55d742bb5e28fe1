import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { isJsonObject, type JsonObject } from './json';

/** An example body of the document, and the place of its schema. */
export interface Example {
  /** Such as `POST /payments 202 application/json`. */
  place: string;
  value: unknown;
  /** JSON pointer into the document. */
  schema: string;
}

const methods = ['get', 'put', 'post', 'delete', 'patch'];

/** An OpenAPI document: its operations, bodies and schemas. */
export class ApiDocument {
  private readonly ajv = addFormats(new Ajv({ strict: false, allErrors: true }));

  constructor(private readonly document: JsonObject) {
    this.ajv.addSchema(document, 'document');
  }

  /** Such as `POST /payments/{idempotencyKey}`. */
  get operations(): string[] {
    return this.each(({ name }) => name);
  }

  /** Every documented body, with its examples if it has any. */
  get bodies(): { place: string; examples: Example[] }[] {
    return this.each(({ name, operation, pointer }) => {
      const answers = Object.entries(objectIn(operation, 'responses')).map(([status, answer]) =>
        bodiesIn(answer, { place: `${name} ${status}`, pointer: `${pointer}/responses/${status}` }),
      );
      const request = bodiesIn(operation.requestBody, {
        place: `${name} request`,
        pointer: `${pointer}/requestBody`,
      });
      return [...request, ...answers.flat()];
    }).flat();
  }

  /** The schema violations of a value; empty if it is valid. */
  problemsOf(value: unknown, schema: string): string[] {
    const validate = this.ajv.compile({ $ref: `document#${schema}` });
    validate(value);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  /** The schema violations of a response of the service, by its operation and status. */
  problemsOfAnswer(name: string, { status, body }: { status: number; body: unknown }): string[] {
    const place = `${name} ${status} application/json`;
    const documented = this.bodies.find((candidate) => candidate.place === place);
    const [example] = documented?.examples ?? [];
    return example ? this.problemsOf(body, example.schema) : [`${place} is not documented`];
  }

  private each<T>(use: (operation: { name: string; operation: JsonObject; pointer: string }) => T): T[] {
    return Object.entries(objectIn(this.document, 'paths')).flatMap(([path, item]) =>
      methods.flatMap((method) => {
        const operation = isJsonObject(item) ? item[method] : undefined;
        if (!isJsonObject(operation)) return [];
        const pointer = `/paths/${escaped(path)}/${method}`;
        return [use({ name: `${method.toUpperCase()} ${path}`, operation, pointer })];
      }),
    );
  }
}

function bodiesIn(holder: unknown, { place, pointer }: { place: string; pointer: string }) {
  return Object.entries(objectIn(holder, 'content')).map(([type, media]) => {
    const schema = `${pointer}/content/${escaped(type)}/schema`;
    const values = [
      ...(isJsonObject(media) && 'example' in media ? [media.example] : []),
      ...Object.values(objectIn(media, 'examples')).map((example) =>
        isJsonObject(example) ? example.value : undefined,
      ),
    ];
    const name = `${place} ${type}`;
    return { place: name, examples: values.map((value): Example => ({ place: name, value, schema })) };
  });
}

function objectIn(holder: unknown, name: string): JsonObject {
  const value = isJsonObject(holder) ? holder[name] : undefined;
  return isJsonObject(value) ? value : {};
}

/** RFC 6901, inside the fragment of a URI. */
function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
