import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordingFiles } from '../../../src/io/recording-files.ts';

const AT = Date.UTC(2026, 10, 28, 6, 30);
let folder: string;
let log: string[];
let recordings: RecordingFiles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'branchline-recordings-'));
  log = [];
  recordings = new RecordingFiles(join(folder, 'recordings'), (level, _part, message) =>
    log.push(`${level} ${message}`),
  );
});
afterEach(() => {
  recordings.close();
  rmSync(folder, { recursive: true });
});

const read = () =>
  readdirSync(join(folder, 'recordings')).map(
    (name) => [name, readFileSync(join(folder, 'recordings', name))] as const,
  );

describe('the recording of a conference', () => {
  it('is a WAV file of µ-law that is whole after each second', () => {
    for (let second = 1; second <= 2; second++) {
      recordings.add('600', new Uint8Array(8_000).fill(second), false, AT);
      const [[name, bytes]] = read() as [readonly [string, Buffer]];
      expect(name).toBe('600-2026-11-28T063000Z.wav');
      expect(bytes.length).toBe(58 + second * 8_000);
      expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8);
      expect([bytes.readUInt16LE(20), bytes.readUInt16LE(22), bytes.readUInt32LE(24)]).toEqual([7, 1, 8_000]);
      expect(bytes.readUInt32LE(54)).toBe(second * 8_000);
      expect(bytes.at(-1)).toBe(second);
    }
  });

  it('ends with the last of it; the next is another file', () => {
    recordings.add('*60#', new Uint8Array(100), true, AT);
    recordings.add('*60#', new Uint8Array(200), true, AT + 1_000);
    expect(read().map(([name, { length }]) => `${name} ${length}`)).toEqual([
      'star60hash-2026-11-28T063000Z.wav 158',
      'star60hash-2026-11-28T063001Z.wav 258',
    ]);
  });

  it('that cannot be written is told, and disturbs nothing', () => {
    writeFileSync(join(folder, 'recordings'), 'in the way');
    recordings.add('600', new Uint8Array(8_000), false, AT);
    recordings.add('600', new Uint8Array(8_000), false, AT);
    recordings.add('600', new Uint8Array(0), true, AT);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^error The recording cannot be written: /);
  });
});
