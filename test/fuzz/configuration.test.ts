import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { FUZZ_MS, FUZZ_SEED } from '../support/fuzz.ts';
import { load, WHOLE } from '../unit/config/example.ts';

const SPECIAL = [
  ...':,[]{}#&*!|>\'"%@`-?<=~\\ \t\n\r\0',
  '\ufeff',
  '\u2028',
  '😀',
  '${',
  '<<: *a',
  '---\n',
  '&a ',
  '*a',
];

/** A document with a few pieces put in, taken out, repeated or moved. */
function mutate(text: string, random: SeededRandom): string {
  let mutated = text;
  for (let edits = 1 + random.integer(4); edits > 0; edits--) {
    const at = random.integer(mutated.length + 1);
    const length = random.integer(random.integer(4) === 0 ? 200 : 4);
    const piece = mutated.slice(at, at + length);
    const put = [SPECIAL[random.integer(SPECIAL.length)]!, '', piece + piece, [...piece].reverse().join('')][
      random.integer(4)
    ]!;
    mutated = mutated.slice(0, at) + put + mutated.slice(at + length);
  }
  return mutated;
}

describe(`configuration, seed ${FUZZ_SEED}`, () => {
  it('gives a configuration or errors with a place in the text, for any text', () => {
    const random = new SeededRandom(FUZZ_SEED);
    const end = performance.now() + FUZZ_MS;
    let runs = 0;
    for (; performance.now() < end; runs++) {
      const text = mutate(WHOLE, random);
      const { configuration, problems } = load(text);
      const lines = text.split('\n').length;
      const errors = problems.filter((problem) => problem.severity === 'error');
      if (configuration === undefined && errors.length === 0)
        throw new Error(`refused without a reason: ${JSON.stringify(text)}`);
      if (configuration !== undefined && errors.length > 0)
        throw new Error(`taken in spite of errors: ${JSON.stringify(text)}`);
      for (const { line, column, message } of problems) {
        const inside = line >= 1 && line <= lines && column >= 1 && message !== '' && !/[\n\r]/.test(message);
        if (!inside)
          throw new Error(`${line}:${column} of ${lines} lines, ${JSON.stringify(message)}: ${JSON.stringify(text)}`);
      }
    }
    console.log(`configuration: ${runs} documents, seed ${FUZZ_SEED}`);
  });
});

/** What one slip of the finger makes of a line with a secret in it. */
function* slips(line: string, secret: string): Generator<string> {
  const start = line.indexOf('secret');
  const end = line.indexOf(secret) + secret.length;
  for (let at = start; at <= end; at++) {
    yield line.slice(0, at) + line.slice(at + 1);
    for (const special of SPECIAL) {
      yield line.slice(0, at) + special + line.slice(at);
      yield line.slice(0, at) + special + line.slice(at + 1);
    }
  }
}

it('shows no secret after any one slip in its line', () => {
  const secret = 'canary-b7e1';
  const before = 'site: { id: a, country: fr }\niax2:\n  peers:\n    hq:\n      type: peer\n      host: h\n';
  const lines = [
    `      secret: ${secret}`,
    `      secret: "${secret}"`,
    `    b: { host: h, secret: ${secret}, username: u }`,
  ];
  const shown: string[] = [];
  for (const line of lines) {
    for (const text of slips(line, secret)) {
      const messages = load(`${before}${text}\n`).problems.map((problem) => formatProblem('f', problem));
      shown.push(...messages.filter((message) => message.includes(secret)).map((message) => `${text} ⇒ ${message}`));
    }
  }
  expect(shown).toEqual([]);
});
