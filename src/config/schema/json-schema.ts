import { z } from 'zod';
import type { Path } from '../problem.ts';
import { configurationSchema } from './configuration.ts';

/** The part of JSON Schema that ours uses. */
export interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  /** What a text may be, in words. */
  readonly allowed?: string;
  /** The value is a secret: it and what stands under it may not be printed. */
  readonly secret?: true;
}

/** Keys of ours that JSON Schema does not know. */
export const OWN_KEYWORDS: readonly string[] = ['allowed', 'secret'];

let made: JsonSchema | undefined;

/** The JSON Schema of the document as it is written, draft 2020-12. */
export function configurationJsonSchema(): JsonSchema {
  made ??= z.toJSONSchema(configurationSchema, { io: 'input', reused: 'inline' }) as JsonSchema;
  return made;
}

/** Every schema that a value at `path` may have; none where no key of that name is known. */
export function schemasAt(path: Path): readonly JsonSchema[] {
  let schemas = alternatives(configurationJsonSchema());
  for (const key of path) {
    schemas = schemas.flatMap((schema) => {
      const next =
        typeof key === 'number'
          ? schema.items
          : (own(schema.properties, key) ?? (schema.additionalProperties || undefined));
      return next === undefined ? [] : alternatives(next);
    });
  }
  return schemas;
}

/** Whether the value at `path`, or one around it, is a secret. */
export function isSecretPath(path: Path): boolean {
  return path.some((_, index) => schemasAt(path.slice(0, index + 1)).some((schema) => schema.secret === true));
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  return [schema, ...(schema.anyOf ?? []).flatMap(alternatives)];
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
