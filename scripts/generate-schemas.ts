import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedSchemas } from '../src/status/schema.ts';

/** Writes docs/reference/schemas: what `status --json` prints and what stands on the MQTT topics. */
const directory = join(import.meta.dirname, '../docs/reference/schemas');
mkdirSync(directory, { recursive: true });
for (const [name, schema] of Object.entries(publishedSchemas()))
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(schema, null, 2)}\n`);
