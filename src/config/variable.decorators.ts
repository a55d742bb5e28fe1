import 'reflect-metadata';
import { isIP } from 'node:net';
import { applyDecorators } from '@nestjs/common';
import { Expose, Transform } from 'class-transformer';
import { ArrayMaxSize, IsBoolean, IsInt, Matches, Max, Min, ValidateBy } from 'class-validator';

const VARIABLE = Symbol('environment variable');

/** The environment variable of a property, and what an error message about it may contain. */
export interface VariableDetails {
  name: string;
  /** Completes the sentence "PORT must be …". */
  allowed: string;
  /** A secret's value appears in no message. */
  secret: boolean;
}

/** Fills the property from an environment variable; the property's initial value is the default. */
export function Variable(
  name: string,
  allowed: string,
  options: { secret?: boolean } = {},
): PropertyDecorator {
  const details: VariableDetails = { name, allowed, secret: options.secret ?? false };
  return applyDecorators(Reflect.metadata(VARIABLE, details), Expose({ name }));
}

/** The details that `@Variable` stored for a property of a prototype. */
export function variableBehind(prototype: object, property: string): VariableDetails {
  const details: unknown = Reflect.getMetadata(VARIABLE, prototype, property);
  if (!isVariableDetails(details)) throw new Error(`${property} has no @Variable decorator`);
  return details;
}

/** A whole number between two limits, both included. */
export function WholeNumber(
  name: string,
  { minimum = 1, maximum, unit }: { minimum?: number; maximum: number; unit?: string },
): PropertyDecorator {
  return applyDecorators(
    Variable(name, `a whole number ${unit ? `of ${unit} ` : ''}from ${minimum} to ${maximum}`),
    Transform(({ value }) => toNumber(value)),
    IsInt(),
    Min(minimum),
    Max(maximum),
  );
}

/** Whole seconds in the variable, milliseconds in the property. */
export function SecondsAsMs(name: string, { maximumSeconds }: { maximumSeconds: number }): PropertyDecorator {
  return applyDecorators(
    Variable(name, `a whole number of seconds from 1 to ${maximumSeconds}`),
    Transform(({ value }) => toNumber(value) * 1000),
    IsInt(),
    Min(1000),
    Max(maximumSeconds * 1000),
  );
}

/** Exactly `true` or `false`. */
export function Flag(name: string): PropertyDecorator {
  const words = new Map<unknown, boolean>([
    ['true', true],
    ['false', false],
  ]);
  return applyDecorators(
    Variable(name, 'true or false'),
    Transform(({ value }) => words.get(value)),
    IsBoolean(),
  );
}

/** Comma-separated words from a set, at least one. */
export function Words(name: string, words: readonly string[]): PropertyDecorator {
  return applyDecorators(
    Variable(name, `${words.join(', ')}, or several of them separated by commas`),
    Transform(({ value }) => [...new Set(toList(value))]),
    ListOf((word) => words.includes(word)),
  );
}

/** Comma-separated URLs, at least one. They may hold a password, so they count as secrets. */
export function Urls(name: string, protocols: readonly string[]): PropertyDecorator {
  const schemes = protocols.map((protocol) => `${protocol}//`).join(' or ');
  return applyDecorators(
    Variable(name, `a URL that begins with ${schemes}, or several separated by commas`, { secret: true }),
    Transform(({ value }) => toList(value)),
    ListOf((url) => isUrl(url, protocols)),
  );
}

/** Comma-separated secrets, none by default. */
export function Secrets(
  name: string,
  allowed: string,
  { pattern, maximum }: { pattern: RegExp; maximum: number },
): PropertyDecorator {
  return applyDecorators(
    Variable(name, allowed, { secret: true }),
    // Empty items are kept, and so refused: a list of commas must not switch anything off.
    Transform(({ value }) => (typeof value === 'string' ? value.split(',').map((item) => item.trim()) : [])),
    ArrayMaxSize(maximum),
    Matches(pattern, { each: true }),
  );
}

/** Whether the text is a URL of one of these protocols (`amqp:`) that names a host. */
export function isUrl(text: unknown, protocols: readonly string[]): text is string {
  if (typeof text !== 'string' || !URL.canParse(text)) return false;
  const url = new URL(text);
  return protocols.includes(url.protocol) && url.hostname !== '';
}

/** Whether the text is an IP address or a host name, without a scheme and a port. */
export function isHost(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  if (isIP(text) !== 0) return true;
  // A host name does not end in a number: 127.0.0.256 is a mistyped address.
  return text.length <= 253 && text.split('.').every(isLabel) && !/(^|\.)\d+$/.test(text);
}

function isLabel(text: string): boolean {
  return /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(text);
}

function ListOf(accepts: (item: string) => boolean): PropertyDecorator {
  const validate = (items: unknown) =>
    Array.isArray(items) &&
    items.length > 0 &&
    items.every((item) => typeof item === 'string' && accepts(item));
  return ValidateBy({ name: 'listOf', validator: { validate } });
}

function toNumber(text: unknown): number {
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : NaN;
}

function toList(text: unknown): string[] {
  if (typeof text !== 'string') return [];
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function isVariableDetails(value: unknown): value is VariableDetails {
  return (
    typeof value === 'object' && value !== null && 'name' in value && 'allowed' in value && 'secret' in value
  );
}
