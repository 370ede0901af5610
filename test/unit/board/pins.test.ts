import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HEADER_PINS } from '../../../board/header-pins.ts';

const board = join(import.meta.dirname, '../../../board');
const read = (name: string) => readFileSync(join(board, name), 'utf8');
const [microcontroller, header] = read('pin-map.md').split('## Header of the Pi') as [string, string];

/** `0, 1` and `4–7` as numbers; words are passed over. */
function numbersIn(cell: string): number[] {
  return [...cell.matchAll(/(\d+)(?:–(\d+))?/g)].flatMap(([, from, to = from]) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i),
  );
}

/** The rows of a table of the pin map: numbers of the first cell, and the rest of the row. */
function rowsOf(text: string) {
  return [...text.matchAll(/^\| ([^|]*\d[^|]*) \| (.*) \|$/gm)].map(([, cell, rest]) => ({
    pins: numbersIn(cell!),
    rest: rest!,
  }));
}

function defines(file: string): Readonly<Record<string, number>> {
  const found = read(file).matchAll(/#define (\w+) (\d+)u\n/g);
  return Object.fromEntries([...found].map(([, name, value]) => [name, Number(value)]));
}

it.each([
  [['UART_TX', 'UART_RX'], /UART0 TX, RX/],
  [['UART_CTS', 'UART_RTS'], /UART0 CTS, RTS/],
  [['KEY_ROWS'], /keypad rows/],
  [['KEY_COLUMNS'], /keypad columns/],
  [['LEDS'], /WS2812B/],
  [['RELAY'], /relay:/],
  [['BYPASS'], /bypass in use/],
  [['LINE_IN'], /shift register in/],
  [['LINE_CLOCK', 'LINE_OUT'], /shift clock, shift register out/],
  [['LINE_LATCH'], /latch/],
  [['PCM_CLOCK', 'PCM_SYNC'], /PCM clock 512 kHz, frame sync/],
  [['PCM_OUT', 'PCM_IN'], /PCM to the codecs, PCM from the codecs/],
] as const)('the firmware has %j where the pin map has it', (names, what) => {
  const { pins } = rowsOf(microcontroller).find(({ rest }) => what.test(rest))!;
  const firmware = defines('firmware/rp2040/board.h');
  expect(names.map((name) => firmware[`PIN_${name}`])).toEqual(pins.slice(0, names.length));
});

it('no pin of the microcontroller is used twice or forgotten', () => {
  const pins = rowsOf(microcontroller).flatMap((row) => row.pins);
  expect(pins.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, gp) => gp));
});

it('the output registers have the bits that the firmware sets', () => {
  const { RING_MODE, LOOP, REVERSE, POWER_DOWN, A_LAW } = defines('firmware/rp2040/lines.c');
  const said = microcontroller.replace(/\s+/g, ' ');
  expect(said).toContain(
    `A-law (${A_LAW}), power down (${POWER_DOWN}), reverse (${REVERSE}), ring mode, or the loop of a DAA module (${RING_MODE})`,
  );
  expect(LOOP).toBe(RING_MODE);
});

it('the EEPROM names the pins of the header that the pin map has, where a Pi has them', () => {
  const rows = rowsOf(header).filter(({ rest }) => !rest.includes('EEPROM'));
  expect(rows.flatMap(({ pins }) => pins)).toEqual([...HEADER_PINS.keys()]);
  const connector = new Map([
    [14, 8],
    [15, 10],
    [16, 36],
    [17, 11],
    [22, 15],
    [23, 16],
    [24, 18],
    [25, 22],
  ]);
  for (const { pins, rest } of rows)
    expect(numbersIn(rest.split('|')[0]!)).toEqual(pins.map((gpio) => connector.get(gpio)));
});

it('the overlays take the pins of the header as the EEPROM says', () => {
  const dts = read('overlay/branchline-hat.dts');
  const cells = (name: string) => numbersIn(new RegExp(`brcm,${name} = <([^>]*)>`).exec(dts)![1]!);
  const uses = cells('function').map((code) => ({ 4: 'alt0', 7: 'alt3' })[code]);
  const pulls = cells('pull').map((code) => ['none', 'down', 'up'][code]);
  const taken = cells('pins').map((gpio, i) => [gpio, { use: uses[i], pull: pulls[i] }]);
  expect(taken).toEqual([14, 15, 16, 17].map((gpio) => [gpio, HEADER_PINS.get(gpio)]));
  const pi5 = read('overlay/branchline-hat-pi5.dts');
  expect(numbersIn(/pins = ([^;]*);/.exec(pi5)![1]!)).toEqual([14, 15, 16, 17]);
  for (const overlay of [dts, pi5]) {
    const lights = [...overlay.matchAll(/gpios = <&gpio (\d+) /g)].map(([, gpio]) => Number(gpio));
    expect(lights).toEqual([22, 23]);
    expect(lights.every((gpio) => HEADER_PINS.has(gpio))).toBe(true);
  }
});

it('openocd talks on the pins of SWD, and asks for none that the kernel holds', () => {
  const asked = [...read('openocd.cfg').matchAll(/^adapter gpio (\w+) -chip \S+ (\d+)$/gm)];
  const swd = rowsOf(header).find(({ rest }) => rest.includes('SWDIO, SWCLK'))!;
  expect(asked.map(([, name, gpio]) => [name, Number(gpio)])).toEqual([
    ['swdio', swd.pins[0]],
    ['swclk', swd.pins[1]],
  ]);
});
