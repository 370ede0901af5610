import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RP2040 } from 'rp2040js';
import { describe, expect, it } from 'vitest';
import type { World } from '../../../../firmware-bridge/emulator/board.ts';
import { Rp2040Board } from '../../../../firmware-bridge/emulator/rp2040-board.ts';
import type { PioProgram } from '../../../../firmware-bridge/emulator/rp2040-pio.ts';
import { FrameDecoder } from '../../../../firmware-bridge/frame.ts';
import { decodeMessage, type Message } from '../../../../firmware-bridge/messages.ts';
import { Counters } from '../../../../src/base/counters.ts';
import { shippedBoard } from '../../../support/firmware.ts';
import { HatBench, makeFirmwareHat, PORTS } from '../../../support/hat-bench.ts';

const prebuilt = join(import.meta.dirname, '../../../../board/firmware/prebuilt');
const image = readFileSync(join(prebuilt, 'hat-rp2040.bin'));
const QUIET: World = {
  uart: new Uint8Array(0),
  loops: new Uint8Array(10),
  volts: new Uint8Array(10),
  keys: 0,
  captured: new Uint8Array(320).fill(0xff),
  bypass: false,
};

const makeBoard = (ports = PORTS) => shippedBoard(ports);

function messagesOf(uart: Uint8Array): Message[] {
  return [...new FrameDecoder(new Counters()).frames(uart)].flatMap(({ code, payload }) => {
    const message = decodeMessage(code, payload);
    return 'malformed' in message ? [] : [message];
  });
}

const PCLK = 1 << 26;
const FSYNC = 1 << 27;
const DRX = 1 << 28;
const DTX = 29;
const IN_PINS = 0x4000;

/** Steps a program of the PCM highway bit by bit in the library's own state machine. */
function stepHighway(program: PioProgram, toLines: readonly number[], fromLines: readonly number[]) {
  const rp2040 = new RP2040();
  const pio = rp2040.pio[0]!;
  const machine = pio.machines[0]!;
  for (const [i, instruction] of program.instructions.entries()) pio.writeUint32(0x48 + 4 * i, instruction);
  for (const [offset, value] of [
    [0xc8, program.clockDivider],
    [0xcc, program.execControl],
    [0xd0, program.shiftControl],
    [0xdc, program.pinControl],
  ] as const)
    pio.writeUint32(offset, value);
  const input = rp2040.gpio[DTX]!;
  input.padValue |= 0x40;
  const bitsIn = fromLines.flatMap((word) => Array.from({ length: 32 }, (_, i) => ((word >>> (31 - i)) & 1) === 1));
  const edges: { at: number; pins: number }[] = [];
  const received: number[] = [];
  const words = [...toLines];
  while (received.length < fromLines.length) {
    if (words.length > 0 && !machine.txFIFO.full) machine.writeFIFO(words.shift()!);
    const opcode = program.instructions[machine.pc]!;
    if ((opcode & 0xe000) === IN_PINS) input.setInputValue(bitsIn.shift()!);
    const at = machine.cycles;
    machine.step();
    edges.push({ at, pins: pio.pinValues });
    if (!machine.rxFIFO.empty) received.push(machine.readFIFO() >>> 0);
  }
  return { edges, received };
}

/** When a pin rises or falls. */
function changes(edges: readonly { at: number; pins: number }[], pin: number, to: 'high' | 'low'): number[] {
  const wanted = to === 'high' ? pin : 0;
  return edges
    .filter(({ pins }, i) => i > 0 && (edges[i - 1]!.pins & pin) !== wanted && (pins & pin) === wanted)
    .map(({ at }) => at);
}

describe('the image for the RP2040', () => {
  it('is the one that its check sum names', () => {
    const [sum] = readFileSync(join(prebuilt, 'hat-rp2040.bin.sha256'), 'utf8').split(' ');
    expect(createHash('sha256').update(image).digest('hex')).toBe(sum);
  });

  it('would be refused by the ROM, and is by the emulator, with a spoilt second stage', () => {
    const spoilt = Uint8Array.from(image);
    spoilt[10]! ^= 1;
    expect(() => new Rp2040Board({ image: spoilt, ports: [] })).toThrow(/wrong CRC/);
    expect(() => new Rp2040Board({ image: image.subarray(0, 100), ports: [] })).toThrow(/too short/);
  });

  it('starts, says which modules are plugged, and runs its UART within 0.1 % of 1 Mbaud', () => {
    const board = makeBoard([1, 3]);
    const [hello] = messagesOf(board.run(QUIET).uart);
    expect(hello).toMatchObject({ type: 'HELLO', protocol: 1, session: 0, lines: 4 });
    if (hello?.type !== 'HELLO') throw new Error('no hello');
    expect([...hello.kindsAndBoard.subarray(0, 4)]).toEqual([1, 0, 1, 0]);
    expect(Math.abs(board.baud / 1e6 - 1)).toBeLessThan(0.001);
  });

  it('sleeps most of the time: fewer than 4 million instructions a second when all is quiet', () => {
    const board = makeBoard();
    board.run(QUIET);
    const before = board.instructions;
    for (let block = 0; block < 100; block++) board.run(QUIET);
    expect(board.instructions - before).toBeLessThan(4_000_000);
  }, 30_000);

  it('comes back from a reboot with the next boot id and says that it was told to', () => {
    const bench = new HatBench(makeFirmwareHat({ board: makeBoard() })).begin();
    bench.hat.serial.reboot(bench.nowMs);
    const events = bench.live(2000);
    expect(events.map(({ type }) => type)).toEqual(['lost', 'hello']);
    bench.serve('fr').hat.phone(1)!.lift();
    expect(bench.live(500).map(({ type }) => type)).toEqual(['line']);
  }, 30_000);

  it('lets line 1 fall through and blinks red when its host is gone, and waits for the end of a call over the town line', () => {
    const bench = new HatBench(makeFirmwareHat({ board: makeBoard() })).begin();
    expect(bench.hat.surroundings.relay).toBe(true);
    bench.hat.plug('out', bench.nowMs);
    bench.live(3500);
    expect(bench.hat.surroundings.relay).toBe(false);
    expect(bench.hat.lights).toEqual(PORTS.map(() => ({ colour: 'red', onMs: 200, offMs: 200 })));
    bench.hat.surroundings.bypass = true;
    bench.hat.plug('in', bench.nowMs);
    bench.live(1000);
    expect(bench.hat.surroundings.relay).toBe(false);
    bench.hat.surroundings.bypass = false;
    bench.live(20);
    expect(bench.hat.surroundings.relay).toBe(true);
  }, 30_000);

  it('plays every block of ten seconds at 10,000 ppm', () => {
    const hat = makeFirmwareHat({ board: makeBoard(), ppm: 10_000, exchange: (_port, up, down) => down.set(up) });
    const bench = new HatBench(hat).begin();
    bench.live(10_000);
    hat.serial.askStatistics(bench.nowMs);
    bench.live(50);
    const { underruns, lateBlocks, framesBad, uartOverruns, blocksPlayed } = hat.serial.statistics!;
    expect({ underruns, lateBlocks, framesBad, uartOverruns }).toEqual({
      ...{ underruns: 0, lateBlocks: 0, framesBad: 0, uartOverruns: 0 },
    });
    expect(blocksPlayed).toBeGreaterThan(1000);
  }, 60_000);
});

describe('the PCM highway of the firmware, bit by bit', () => {
  const board = makeBoard();
  board.run(QUIET);
  const toLines = [0x12345678, 0xa5c30ff0, 0x00ff8001, 0xffffffff, 0x80000001];
  const fromLines = [0xdeadbeef, 0x01020304, 0x80000001, 0x7fffffff, 0, 0xffffffff, 0x55aa55aa, 1, 2, 3];
  const { edges, received } = stepHighway(board.highway, toLines, fromLines);
  const falls = changes(edges, PCLK, 'low');
  const syncs = changes(edges, FSYNC, 'high');

  /** What a line chip reads from DRX in a frame: at each falling edge of PCLK after FSYNC rose. */
  function readFrame(index: number): number {
    const first = falls.findIndex((at) => at > syncs[index]!);
    const pinsAt = (at: number) => edges.findLast((edge) => edge.at <= at)!.pins;
    return falls.slice(first, first + 32).reduce((word, at) => (word << 1) | (pinsAt(at) & DRX ? 1 : 0), 0) >>> 0;
  }

  it('has a bit of exactly ten steps and a frame of 64 bits: 512 kHz and 8 kHz from 102.4 MHz / 20', () => {
    const rises = changes(edges, PCLK, 'high');
    expect(new Set(rises.slice(1).map((at, i) => at - rises[i]!))).toEqual(new Set([10]));
    expect(new Set(syncs.slice(1).map((at, i) => at - syncs[i]!))).toEqual(new Set([640]));
    const syncEnds = changes(edges, FSYNC, 'low').filter((at) => at > syncs[0]!);
    expect(falls.filter((at) => at > syncs[0]! && at < syncEnds[0]!)).toHaveLength(1);
    expect(board.highway.clockDivider).toBe(20 << 16);
  });

  it('sends words with line 1 first, then idle code when it has none', () => {
    const frames = syncs.slice(0, -1).map((_, i) => readFrame(i));
    const from = frames.indexOf(toLines[0]!);
    expect(frames.slice(from, from + toLines.length)).toEqual(toLines);
    expect(new Set(frames.slice(from + toLines.length))).toEqual(new Set([0xffff_ffff]));
  });

  it('receives every word', () => {
    expect(received).toEqual(fromLines);
  });
});
