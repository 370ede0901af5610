import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import { Execution } from '../../src/dialplan/execution.ts';
import { parseDialplan } from '../../src/dialplan/parse.ts';
import { traceRoute } from '../../src/dialplan/trace.ts';
import { FUZZ_MS, FUZZ_SEED } from '../support/fuzz.ts';
import { ASTERISK_EXPRESSIONS } from '../unit/dialplan/asterisk-expressions.ts';
import { FLOW_DIALPLAN } from '../unit/dialplan/asterisk-flows.ts';
import { ASTERISK_RUNS } from '../unit/dialplan/asterisk-runs.ts';
import { testEnvironment } from '../unit/dialplan/support.ts';

const PIECES = [
  '[office]',
  '[general]',
  '[globals]',
  '(!)',
  '(+)',
  'exten => ',
  'same => n,',
  'include => ',
  'switch => IAX2/',
  'ignorepat => ',
  '_2XX',
  '_[1-5]',
  '_.',
  '_!',
  's',
  'i',
  'h',
  't',
  ',1,',
  ',n,',
  ',n(x),',
  ',hint,',
  'Dial(',
  'LINE/1',
  'IAX2/a:b@c/1',
  'Local/1@office',
  'Goto(',
  'GotoIf(',
  '1,1',
  'Gosub(',
  'Return',
  'While(1)',
  'EndWhile',
  'If(',
  'EndIf',
  'Set(',
  'X=',
  'GLOBAL(X)=',
  'Macro(x)',
  'StripMSD,1',
  'ExecIf(',
  'Incomplete',
  'WaitExten',
  'Random(50:',
  'NoOp(',
  'Verbose(',
  ')',
  '${',
  '}',
  '$[',
  ']',
  '${EXTEN:1}',
  '${LEN(',
  '${EVAL(',
  '${CUT(X,-,',
  '${IF(',
  '?',
  ':',
  '|',
  '&',
  '\\',
  '"',
  ';',
  ';--',
  '--;',
  '\n',
  '\n',
  '\n',
  ' ',
  '0',
  '1',
  '9',
  '-',
  '+',
  '*',
  '#',
  'é',
  '\u0000',
  '\ud800',
  '😀',
  '${STRFTIME(',
  '${SPRINTF(%5d,',
  '${MATH(',
  '${REGEX("',
  '${FILTER(',
  '9:00-17:00,mon-fri,*,*',
  '=~',
  '~~',
  '::',
];

function randomText(random: SeededRandom): string {
  return Array.from({ length: random.integer(60) }, () => PIECES[random.integer(PIECES.length)]!).join('');
}

const SEEDS = [
  FLOW_DIALPLAN,
  `[a]\n${ASTERISK_EXPRESSIONS.map(([text]) => `exten => 1,n,NoOp($[${text}])`).join('\n')}`,
  ...Object.values(ASTERISK_RUNS).map(
    (lines) =>
      `[a]\nexten => 1,1,NoOp\n${lines.map((line) => `same => n,${'run' in line ? line.run : `NoOp(${line.ask})`}`).join('\n')}`,
  ),
];

/** Cuts, doubles, swaps and sprinkles a dialplan that is right. */
function mutated(random: SeededRandom): string {
  let text = SEEDS[random.integer(SEEDS.length)]!;
  const start = random.integer(text.length);
  if (random.integer(2) === 0) text = `[office]\nexten => 1,1,NoOp\n${text.slice(start, start + 3000)}`;
  for (let i = random.integer(12); i >= 0; i--) {
    const at = random.integer(text.length + 1);
    const end = at + random.integer(20);
    const insert =
      random.integer(3) === 0
        ? PIECES[random.integer(PIECES.length)]!
        : random.integer(2) === 0
          ? text.slice(end, end + 15)
          : '';
    text = text.slice(0, at) + insert + text.slice(end);
  }
  return text;
}

describe('a dialplan of any text', () => {
  it('is parsed, looked up, run and traced without a throw, each problem with its position', {
    timeout: 6 * FUZZ_MS,
  }, () => {
    const random = new SeededRandom(FUZZ_SEED);
    const untilMs = performance.now() + FUZZ_MS;
    let runs = 0;
    let slowestMs = 0;
    for (; performance.now() < untilMs; runs++) {
      const text = runs % 2 === 0 ? randomText(random) : mutated(random);
      const startMs = performance.now();
      const lines = text.split('\n');
      const { dialplan, problems } = parseDialplan(text);
      for (const { line, column, message } of problems) {
        if (
          !(line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1]!.length + 1 && message !== '')
        )
          expect.fail(`seed ${FUZZ_SEED}, run ${runs}: ${line}:${column} ${message}\n${text}`);
      }
      for (const context of [...dialplan.contexts.keys()].slice(0, 3)) {
        for (const number of ['1', '201', 's', 'h']) {
          dialplan.lookup(context, number);
          runOnce(new Execution(dialplan, { context, exten: number, priority: 1 }, testEnvironment()), random);
        }
        traceRoute(dialplan, context, '1', testEnvironment());
      }
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
    }
    console.log(`dialplan fuzz: seed ${FUZZ_SEED}, ${runs} texts, the slowest ${Math.round(slowestMs)} ms`);
    expect(runs).toBeGreaterThan(100);
  });
});

function runOnce(execution: Execution, random: SeededRandom): void {
  for (let i = 0; i < 50; i++) {
    const step = execution.next();
    if (step.type === 'end') break;
    const digits = random.integer(2) === 0 ? '' : random.integer(1000).toString();
    execution.resume({
      cause: random.integer(2) === 0 ? 'user-busy' : 'no-answer',
      digits,
      exists: random.integer(2) === 0,
    });
  }
  execution.hangup();
  for (let step = execution.next(); step.type === 'perform'; step = execution.next()) execution.resume({});
}
