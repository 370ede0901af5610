import { BRANCHLINE_HAT } from '../board/hat.ts';
import {
  CAPABILITY_BITS,
  COLOUR_CODES,
  type FieldTable,
  fixedLength,
  KEY_ACTION_CODES,
  LAW_CODES,
  LINE_EVENT_CODES,
  LINE_FAULT_CODES,
  LINE_OPS,
  LINK,
  MESSAGES,
  PORT_KIND_CODES,
  playoutBlocks,
  RESET_CAUSE_CODES,
} from './messages.ts';

/** The wire as C reads it: codes, the offset of each field in its payload, and the shared numbers. */
export function protocolHeader(): string {
  const { ports, leds, keys, blockSamples } = BRANCHLINE_HAT;
  const messages = Object.entries(MESSAGES).map(([name, { code, fields, direction, reliable }]) =>
    [
      `/* ${direction}${reliable ? ', reliable' : ''} */`,
      define(`MSG_${name}`, hex(code)),
      ...offsets(`MSG_${name}`, fields),
    ].join('\n'),
  );
  const operations = Object.entries(LINE_OPS).map(([name, { code, fields }]) =>
    [define(`OP_${name}`, code), ...offsets(`OP_${name}`, fields)].join('\n'),
  );
  return `${[
    '/* Generated from firmware-bridge/messages.ts by scripts/generate-protocol-header.ts. Do not edit. */',
    '#ifndef PROTOCOL_H\n#define PROTOCOL_H',
    [
      define('HAT_LINES', ports),
      define('HAT_LEDS', leds),
      define('HAT_KEYS', keys.length),
      define('HAT_BLOCK_SAMPLES', blockSamples),
      define('HAT_PLAYOUT_BLOCKS', playoutBlocks()),
      define('HAT_BOARD', JSON.stringify(BRANCHLINE_HAT.name)),
    ].join('\n'),
    table('LINK', LINK),
    ...messages,
    ...operations,
    table('EVT', LINE_EVENT_CODES),
    table('FAULT', LINE_FAULT_CODES),
    table('KEY', KEY_ACTION_CODES),
    table('COLOUR', COLOUR_CODES),
    table('LAW', LAW_CODES),
    table('PORT', PORT_KIND_CODES),
    table('RESET', RESET_CAUSE_CODES),
    table('CAPABILITY', CAPABILITY_BITS),
    '#endif',
  ].join('\n\n')}\n`;
}

function offsets(prefix: string, fields: FieldTable): string[] {
  const lines = fields.map(([name], i) => define(`${prefix}_${snake(name)}`, fixedLength(fields.slice(0, i))));
  return [...lines, define(`${prefix}_SIZE`, fixedLength(fields))];
}

function table(prefix: string, values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => define(`${prefix}_${snake(name)}`, value > 0xffff ? `${hex(value)}u` : value))
    .join('\n');
}

function define(name: string, value: number | string): string {
  return `#define ${name} ${value}`;
}

function snake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase();
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}
