import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { editorSchema, referencePage } from '../src/config/reference.ts';

/** Writes docs/reference/configuration.md and config.schema.json from the schema of the configuration. */
const folder = join(import.meta.dirname, '../docs/reference');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'configuration.md'), referencePage());
writeFileSync(join(folder, 'config.schema.json'), editorSchema());
spawnSync('biome', ['format', '--write', join(folder, 'config.schema.json')], { stdio: 'inherit' });
