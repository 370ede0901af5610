import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Board, type Deeds, LINES, MS_PER_BLOCK, SAMPLES, type Sockets, type World } from './board.ts';

export interface NativeBoardOptions extends Sockets {
  /** The program that `board/firmware/build host` makes. */
  readonly program: string;
  readonly bootId?: number;
}

const FXS = '1';
const FXO = '2';
const NONE = '0';
const DRIVES = MS_PER_BLOCK * LINES;
const FLAGS = 3;
const TAIL = 2 * DRIVES + FLAGS + SAMPLES * LINES;

/**
 * The firmware's core as a process, one block at a time: it is given 10 ms of its world and says what it did in them, so
 * that it lives as fast as it is asked to. Both pipes block, which makes `run` an ordinary function.
 */
export class NativeBoard implements Board {
  private readonly child: ChildProcess;
  private readonly toBoard: number;
  private readonly fromBoard: number;

  constructor({ program, ports, townPorts = [], bootId = 1 }: NativeBoardOptions) {
    const kindOf = (port: number) => (ports.includes(port) ? FXS : townPorts.includes(port) ? FXO : NONE);
    const kinds = Array.from({ length: LINES }, (_, i) => kindOf(i + 1)).join('');
    const folder = mkdtempSync(join(tmpdir(), 'branchline-hat-'));
    const pipes = [join(folder, 'to'), join(folder, 'from')] as const;
    try {
      const made = spawnSync('mkfifo', pipes, { encoding: 'utf8' });
      if (made.status !== 0) throw new Error(`mkfifo: ${made.error?.message ?? made.stderr}`);
      const script = 'exec "$0" "$1" "$2" <"$3" >"$4"';
      this.child = spawn('sh', ['-c', script, program, String(bootId), kinds, ...pipes], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      this.toBoard = openSync(pipes[0], 'w');
      this.fromBoard = openSync(pipes[1], 'r');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** The process, by which its CPU is counted. */
  get pid(): number {
    return this.child.pid!;
  }

  run({ uart, loops, volts, keys, captured, bypass }: World): Deeds {
    const count = Buffer.from([uart.length & 0xff, uart.length >> 8]);
    const rest = Buffer.from([...loops, ...volts, keys & 0xff, keys >> 8, ...captured, bypass ? 1 : 0]);
    writeWhole(this.toBoard, Buffer.concat([count, uart, rest]));
    const length = this.read(2).readUInt16LE();
    const said = this.read(length + TAIL);
    const take = (from: number, size: number) => new Uint8Array(said.subarray(length + from, length + from + size));
    const [law, relay] = take(2 * DRIVES, FLAGS);
    return {
      uart: new Uint8Array(said.subarray(0, length)),
      drives: take(0, DRIVES),
      leds: take(DRIVES, DRIVES),
      law: law === 1 ? 'alaw' : 'ulaw',
      relay: relay === 1,
      played: take(2 * DRIVES + FLAGS, SAMPLES * LINES),
    };
  }

  /** Ends the process. */
  close(): void {
    closeSync(this.toBoard);
    closeSync(this.fromBoard);
    this.child.kill();
  }

  private read(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count; ) {
      const got = readSync(this.fromBoard, bytes, at, count - at, null);
      if (got === 0) throw new Error('The firmware has ended; what it said stands above.');
      at += got;
    }
    return bytes;
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
