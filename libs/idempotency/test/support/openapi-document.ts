import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { isJsonObject, type JsonObject } from '../../../../test/support/json';

/** The document of an application that does not listen yet, as in a user's `main.ts`. */
export function documentOf(application: INestApplication): OpenAPIObject {
  return SwaggerModule.createDocument(application, new DocumentBuilder().setTitle('test').build());
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
}

/** The operation of a route such as `POST /orders`. */
export function operationOf(document: OpenAPIObject, route: string) {
  const [method = '', path = ''] = route.split(' ');
  const operation = at(document, ['paths', path, method.toLowerCase()]);
  if (!isJsonObject(operation)) throw new Error(`the document has no ${route}`);
  const { parameters, responses } = operation;
  return {
    headers: (parameters as Parameter[]).filter((parameter) => parameter.in === 'header'),
    responses: responses as Record<string, JsonObject>,
  };
}

/** The value at a path of names; undefined if there is none. */
export function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((holder, name) => (isJsonObject(holder) ? holder[name] : undefined), value);
}

/** What OpenAPI 3.0.3 forbids, in the parts that the library adds to; empty if there is nothing. */
export function violationsOf(document: OpenAPIObject): string[] {
  return [
    ...dangling(document, document, '#'),
    ...Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as JsonObject).flatMap(([method, operation]) =>
        violationsOfOperation(operation as JsonObject).map((wrong) => `${method} ${path}: ${wrong}`),
      ),
    ),
  ];
}

function violationsOfOperation({ parameters, responses }: JsonObject): string[] {
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const { name, in: place, ...rest } of parameters as Parameter[]) {
    const identity = `${place} ${name.toLowerCase()}`;
    if (seen.has(identity)) wrong.push(`two parameters ${identity}`);
    seen.add(identity);
    if (!('schema' in rest)) wrong.push(`parameter ${name} has no schema`);
    const unknown = Object.keys(rest).filter((key) => !PARAMETER_FIELDS.includes(key));
    if (unknown.length > 0) wrong.push(`parameter ${name} has ${unknown.join(', ')}`);
  }
  for (const [status, response] of Object.entries(responses as Record<string, JsonObject>)) {
    if (typeof response.description !== 'string') wrong.push(`${status} has no description`);
    const unknown = Object.keys(response).filter((key) => !RESPONSE_FIELDS.includes(key));
    if (unknown.length > 0) wrong.push(`${status} has ${unknown.join(', ')}`);
  }
  return wrong;
}

const PARAMETER_FIELDS = ['required', 'description', 'schema', 'example', 'examples', 'deprecated'];
const RESPONSE_FIELDS = ['description', 'headers', 'content', 'links'];

/** References to what does not exist. */
function dangling(document: OpenAPIObject, value: unknown, place: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string'
      ? at(document, inner.replace('#/', '').split('/')) === undefined
        ? [`${place} refers to ${inner}`]
        : []
      : dangling(document, inner, `${place}/${name}`),
  );
}
