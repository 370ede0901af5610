/**
 * Writes src/media/speech-data.ts: the words that the box can say, spoken by espeak-ng and cut to size by sox. Both are
 * Debian's (`apt-get install espeak-ng sox`); the result is kept in the repository, since nobody else needs them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DIGITS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const WORDS = [
  ...DIGITS,
  ...['point', 'version', 'address', 'no address', 'head office', 'is reached', 'is not reached', 'night service'],
  ...['on', 'off', 'calls', 'line', 'is off the hook', 'new phone', 'secret'],
];
/** Silence and hiss at both ends, and the level of a voice on the telephone. */
const TRIM = ['silence', '1', '0.01', '0.6%', 'reverse', 'silence', '1', '0.01', '0.6%', 'reverse'];
const LEVEL = ['norm', '-7'];

const folder = mkdtempSync(join(tmpdir(), 'branchline-speech-'));
try {
  const rows = WORDS.map((word) => {
    const [spoken, cut] = [join(folder, 'spoken.wav'), join(folder, 'cut.ul')];
    execFileSync('espeak-ng', ['-v', 'en-gb', '-s', '145', '-w', spoken, word]);
    execFileSync('sox', [spoken, '-r', '8000', '-c', '1', '-e', 'u-law', '-t', 'raw', cut, ...TRIM, ...LEVEL]);
    return `  '${word}': '${readFileSync(cut).toString('base64')}',`;
  });
  const lines = [
    '/** G.711 µ-law at 8 kHz in base64, made by scripts/generate-speech.ts: spoken by a machine, no recording of anybody. */',
    'export const SPEECH_DATA = {',
    ...rows,
    '};',
  ];
  writeFileSync(join(import.meta.dirname, '../src/media/speech-data.ts'), `${lines.join('\n')}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
