import { createRequire } from 'node:module';
import {
  ClassSerializerInterceptor,
  type ClassSerializerInterceptorOptions,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';

/** Where `@SerializeOptions()` stores its options. */
const SERIALIZE_OPTIONS = 'class_serializer:options';

type TransformerPackage = NonNullable<ClassSerializerInterceptorOptions['transformerPackage']>;

let transformer: TransformerPackage | undefined;
let isLoaded = false;

/**
 * A result as NestJS' `ClassSerializerInterceptor` would send it: without what `@Exclude()` hides. Without the optional
 * package `class-transformer` nothing can be marked so, and the result is unchanged.
 */
export function serialized(execution: ExecutionContext, result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return result;
  if (!isLoaded) {
    transformer = load();
    isLoaded = true;
  }
  if (!transformer) return result;
  const reflector = new Reflector();
  const places = [execution.getHandler(), execution.getClass()];
  const options = reflector.getAllAndOverride<ClassSerializerInterceptorOptions | undefined>(
    SERIALIZE_OPTIONS,
    places,
  );
  return new ClassSerializerInterceptor(reflector, { transformerPackage: transformer }).serialize(
    result,
    options ?? {},
  );
}

/** The copy that NestJS uses: the marks of `@Exclude()` are kept inside of the package. */
function load(): TransformerPackage | undefined {
  try {
    return createRequire(require.resolve('@nestjs/common'))('class-transformer') as TransformerPackage;
  } catch {
    return undefined;
  }
}
