import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conformancePage } from './conformance.ts';

/** Writes docs/reference/iax2-conformance.md. */
writeFileSync(join(import.meta.dirname, '../docs/reference/iax2-conformance.md'), conformancePage());
