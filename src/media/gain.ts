import { decodeSample, encodeSample } from 'node-pcm-codecs';
import type { Law } from '../base/media-port.ts';

/** Louder or softer than this makes no sense to anybody. */
const MOST_DB = 24;

const TABLES = new Map<number, Uint8Array>();

/** What each code becomes that many dB louder; undefined for 0. Each table is made once. */
export function gainTable(law: Law, gainDb: number): Uint8Array | undefined {
  const db = Math.max(-MOST_DB, Math.min(MOST_DB, Math.round(gainDb)));
  if (db === 0) return undefined;
  const key = 2 * (db + MOST_DB) + (law === 'ulaw' ? 0 : 1);
  let table = TABLES.get(key);
  if (table === undefined) {
    const factor = 10 ** (db / 20);
    table = Uint8Array.from({ length: 256 }, (_, code) => {
      const sample = Math.round(decodeSample(law, code) * factor);
      return encodeSample(law, Math.max(-0x8000, Math.min(0x7fff, sample)));
    });
    TABLES.set(key, table);
  }
  return table;
}
