import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncApi } from '../src/status/asyncapi.ts';
import { publishedSchemas } from '../src/status/schema.ts';

/** Writes docs/reference/schemas and asyncapi.json: what `status --json` prints and what stands on the MQTT topics. */
const reference = join(import.meta.dirname, '../docs/reference');
mkdirSync(join(reference, 'schemas'), { recursive: true });
const write = (name: string, content: object) =>
  writeFileSync(join(reference, name), `${JSON.stringify(content, null, 2)}\n`);
for (const [name, schema] of Object.entries(publishedSchemas())) write(`schemas/${name}.json`, schema);
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  version: string;
};
write('asyncapi.json', asyncApi(version));
