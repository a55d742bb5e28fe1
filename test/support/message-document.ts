import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { isJsonObject, type JsonObject } from './json';

/** `docs/asyncapi.yaml`: the documentation of the messages. */
export class MessageDocument {
  readonly content: JsonObject;
  private readonly ajv = addFormats(new Ajv({ strict: false, allErrors: true }));

  private readonly compiled = new Map<string, ValidateFunction>();

  constructor() {
    const text = readFileSync(resolve(__dirname, '../../docs/asyncapi.yaml'), 'utf8');
    const content: unknown = parse(text);
    if (!isJsonObject(content)) throw new Error('docs/asyncapi.yaml is not an object');
    this.content = content;
    this.ajv.addSchema(content, 'messages');
  }

  /** Each message by its name in the document, with its examples. */
  get messages(): { name: string; examples: JsonObject[] }[] {
    return Object.entries(this.at('components', 'messages')).map(([name, message]) => {
      const examples: unknown = isJsonObject(message) ? message.examples : [];
      return { name, examples: Array.isArray(examples) ? examples.filter(isJsonObject) : [] };
    });
  }

  /** The object at a path; empty if it does not exist. */
  at(...path: string[]): JsonObject {
    return path.reduce<JsonObject>((holder, name) => {
      const value = holder[name];
      return isJsonObject(value) ? value : {};
    }, this.content);
  }

  /** The exchange of a channel. */
  exchangeOf(channel: string): unknown {
    return this.at('channels', channel, 'bindings', 'amqp', 'exchange').name;
  }

  /** The schema violations of a message; empty if it is valid. */
  problemsOf(name: string, { headers, payload }: { headers: unknown; payload: unknown }): string[] {
    const message = `#/components/messages/${name}`;
    return [
      ...this.check(`${message}/headers`, headers).map((problem) => `headers${problem}`),
      ...this.check(`${message}/payload`, payload).map((problem) => `payload${problem}`),
    ];
  }

  private check(pointer: string, value: unknown): string[] {
    const validate = this.compiled.get(pointer) ?? this.ajv.compile({ $ref: `messages${pointer}` });
    this.compiled.set(pointer, validate);
    validate(value);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }
}
