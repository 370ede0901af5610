import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../base/log.ts';

export const RECORDINGS_FOLDER = 'recordings';
const HEADER_LENGTH = 58;
const RATE = 8_000;
/** WAVE_FORMAT_MULAW. */
const MULAW = 7;

/** What conferences record: one WAV file of 8 kHz µ-law each, below a folder. */
export class RecordingFiles {
  private readonly open = new Map<string, { readonly file: number; readonly path: string; written: number }>();
  /** Of which the disk did not take a second: nothing more of them is written. */
  private readonly refused = new Set<string>();

  constructor(
    private readonly folder: string,
    private readonly log: Log,
  ) {}

  /**
   * Adds a second of `conference`, or less of it with `last`. A disk that does not take it ends the recording, not the
   * conference: what was written stays, and is a whole file.
   */
  add(conference: string, payload: Uint8Array, last: boolean, wallMs: number): void {
    if (!this.refused.has(conference)) this.write(conference, payload, last, wallMs);
    if (last) this.refused.delete(conference);
  }

  private write(conference: string, payload: Uint8Array, last: boolean, wallMs: number): void {
    try {
      const recording = this.open.get(conference) ?? this.begin(conference, wallMs);
      if (payload.length > 0) writeSync(recording.file, payload, 0, payload.length, HEADER_LENGTH + recording.written);
      recording.written += payload.length;
      // The lengths are right after each second, so that a power cut leaves a file that can be played.
      writeSync(recording.file, header(recording.written), 0, HEADER_LENGTH, 0);
      if (last) this.end(conference);
    } catch (error) {
      this.log('error', 'conference', `The recording cannot be written: ${(error as Error).message}`, { conference });
      this.refused.add(conference);
      this.end(conference);
    }
  }

  close(): void {
    for (const conference of [...this.open.keys()]) this.end(conference);
  }

  private begin(conference: string, wallMs: number) {
    mkdirSync(this.folder, { recursive: true, mode: 0o750 });
    const at = new Date(wallMs)
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replaceAll(':', '');
    const name = `${conference.replaceAll('*', 'star').replaceAll('#', 'hash')}-${at}.wav`;
    const path = join(this.folder, name);
    const recording = { file: openSync(path, 'w', 0o640), path, written: 0 };
    this.open.set(conference, recording);
    this.log('info', 'conference', 'A conference is recorded.', { conference, file: path });
    return recording;
  }

  private end(conference: string): void {
    const recording = this.open.get(conference);
    if (recording === undefined) return;
    this.open.delete(conference);
    closeSync(recording.file);
    const seconds = Math.round(recording.written / RATE);
    this.log('info', 'conference', 'The recording of a conference is complete.', { conference, seconds });
  }
}

/** RIFF, `fmt ` with an empty extension, `fact`, `data`: what a WAVE file that is not PCM must have. */
function header(samples: number): Uint8Array {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(HEADER_LENGTH - 8 + samples, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(18, 16);
  bytes.writeUInt16LE(MULAW, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE, 28);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write('fact', 38, 'latin1');
  bytes.writeUInt32LE(4, 42);
  bytes.writeUInt32LE(samples, 46);
  bytes.write('data', 50, 'latin1');
  bytes.writeUInt32LE(samples, 54);
  return bytes;
}
