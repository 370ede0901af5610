import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { protocolHeader } from '../firmware-bridge/protocol-header.ts';

/** Writes what the firmware knows of the wire. */
writeFileSync(join(import.meta.dirname, '../board/firmware/core/protocol.h'), protocolHeader());
