import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit } from 'node:process';
import { eepromImage } from '../board/eeprom.ts';
import { BRANCHLINE_HAT } from '../board/hat.ts';
import { HEADER_PINS } from '../board/header-pins.ts';

/** Writes the image of one board's EEPROM, with a UUID of its own: generate-eeprom.ts [--pi5] OUT. Needs dtc. */
const [out] = argv.slice(2).filter((argument) => argument !== '--pi5');
if (out === undefined) {
  console.error('usage: generate-eeprom.ts [--pi5] OUT');
  exit(2);
}
const source = argv.includes('--pi5') ? 'branchline-hat-pi5.dts' : 'branchline-hat.dts';
const path = join(import.meta.dirname, '../board/overlay', source);
const overlay = execFileSync('dtc', ['-@', '-I', 'dts', '-O', 'dtb', path]);
const uuid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
const identity = { uuid, vendor: 'Branchline', product: BRANCHLINE_HAT.name, productId: 1, productVersion: 1 };
writeFileSync(out, eepromImage({ ...identity, pins: HEADER_PINS, overlay }));
