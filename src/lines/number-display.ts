import type { CallerId } from '../base/line-port.ts';
import { bytesOf, LONGEST_NUMBER, numberOf } from './caller-id-message.ts';

const DLE = 0x10;
const SOH = 0x01;
const STX = 0x02;
const ETX = 0x03;
const HEADER = 0x07;
/** The kind of service: who calls. */
const CALLER = 0x40;
const NUMBER = 0x02;
const NO_NUMBER = 0x04;
/** The polynomial x¹⁶ + x¹² + x⁵ + 1 for bytes whose low bit comes first. */
const POLYNOMIAL = 0x8408;

/** How the telephone is asked to take data: bursts that no exchange rings a person with, on a reversed loop. */
export const ACTIVATION_RING: readonly number[] = [500, 500];
/** A telephone that has not closed its loop by then has no display, and is rung as it would be without one. */
export const ACTIVATION_MS = 6_000;
/** A display opens the loop at once behind the data; what is still closed then is a handset in a hand. */
export const RELEASE_MS = 800;

/**
 * NTT's Number Display as its bytes: seven bits and even parity, in a frame of DLE SOH and DLE STX … DLE ETX with a CRC-16 over
 * all behind SOH. In the text DLE comes twice; the length before it is as it is. There are no names.
 */
export function encodeNumberDisplay(caller: CallerId): Uint8Array {
  const number = numberOf(caller).slice(0, LONGEST_NUMBER);
  const text =
    number === '' ? [NO_NUMBER, 1, ...bytesOf(absence(caller))] : [NUMBER, number.length, ...bytesOf(number)];
  const stuffed = text.flatMap((byte) => (byte === DLE ? [DLE, DLE] : [byte]));
  const checked = [HEADER, DLE, STX, CALLER, text.length, ...stuffed, DLE, ETX].map(withParity);
  const crc = checked.reduce(crcOf, 0);
  return Uint8Array.from([...[DLE, SOH].map(withParity), ...checked, crc & 0xff, crc >> 8]);
}

/** `P`: withheld by the caller; `O`: not to be had. `C` (pay phone) and `S` (service conflict) are never told to us. */
function absence({ isWithheld }: CallerId): string {
  return isWithheld === true ? 'P' : 'O';
}

function withParity(byte: number): number {
  let ones = 0;
  for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1;
  return ones % 2 === 0 ? byte : byte | 0x80;
}

function crcOf(before: number, byte: number): number {
  let crc = before ^ byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
  return crc;
}
