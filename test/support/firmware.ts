import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { pid } from 'node:process';
import { Rp2040Board } from '../../firmware-bridge/emulator/rp2040-board.ts';

const root = join(import.meta.dirname, '../..');
const sources = join(root, 'board/firmware');

/** Builds the firmware for this machine, once for the same sources: the path of the program. */
export function nativeFirmware(target: 'host' | 'sanitized' | 'fuzz'): string {
  const hash = createHash('sha256');
  for (const folder of ['.', 'core', 'host']) {
    for (const entry of readdirSync(join(sources, folder), { withFileTypes: true })) {
      if (entry.isFile()) hash.update(entry.name).update(readFileSync(join(sources, folder, entry.name)));
    }
  }
  const folder = join(root, '.branchline/firmware');
  const program = join(folder, `${target}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // Built beside and moved into place: another test may want it at the same time.
  const built = `${program}.${pid}`;
  const { status, stderr } = spawnSync(join(sources, 'build'), [target, built], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the firmware does not build:\n${stderr}`);
  renameSync(built, program);
  return program;
}

/** The shipped image in an emulated RP2040, with line modules on these sockets. */
export function shippedBoard(ports: readonly number[], townPorts: readonly number[] = []): Rp2040Board {
  return new Rp2040Board({ image: readFileSync(join(sources, 'prebuilt/hat-rp2040.bin')), ports, townPorts });
}
