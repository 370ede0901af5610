import { describe, expect, it } from 'vitest';
import { FUNCTIONS, functionProblem } from '../../../src/dialplan/functions.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';
import { ASTERISK_RUNS, ASTERISK_SURROUNDINGS } from './asterisk-runs.ts';
import { run, testEnvironment } from './support.ts';

const OPENING = `[general]
[globals]
GLOB=globalvalue
[oracle]
exten => s,1,Set(ABC=abcdef)
same => n,Set(N=123456789)
same => n,Set(EMPTY=)
same => n,Set(CALLERID(all)="Alice" <201>)
`;

/** The value of a text, in a dialplan that has run `lines` before. */
function value(text: string, lines: readonly string[] = [], environment = testEnvironment()): string {
  const steps = [...lines, `Verbose(0,@${text}@)`].map((line) => `same => n,${line.replaceAll(';', '\\;')}`);
  run(parseDialplan(`${OPENING}${steps.join('\n')}\n`).dialplan, { context: 'oracle', exten: 's' }, [], environment);
  return environment.printed.find((line) => line.startsWith('info: @'))?.slice(7, -1) ?? 'nothing was printed';
}

describe('the functions of the dialplan', () => {
  // Every expectation of these tables was taken from a running Asterisk 22.
  for (const [name, lines] of Object.entries(ASTERISK_RUNS)) {
    const environment = testEnvironment();
    const steps = lines.map((line, i) => ('run' in line ? line.run : `Verbose(0,@${i}@${line.ask}@)`));
    const text = steps.map((line) => `same => n,${line.replaceAll(';', '\\;')}\n`).join('');
    const { dialplan } = parseDialplan(OPENING + text + ASTERISK_SURROUNDINGS);
    run(dialplan, { context: 'oracle', exten: 's', channel: 'Local/s@oracle-1;2' }, [], environment);
    const asked = lines.flatMap((line, i) => ('ask' in line ? [[line.ask, line.is, i] as const] : []));
    it.each(asked)(`${name}: %s is [%s], as Asterisk has it`, (_, expected, i) => {
      const prefix = `info: @${i}@`;
      expect(environment.printed.find((line) => line.startsWith(prefix))?.slice(prefix.length, -1)).toBe(expected);
    });
  }

  it('DEVICE gives the dial string of every line and phone with an extension', () => {
    expect(value('${DEVICE(201)}')).toBe('LINE/1&SIP/201');
    expect(value('${DEVICE(299)}')).toBe('');
  });

  it('NIGHT is 1 outside the office hours', () => {
    expect(value('${NIGHT}')).toBe('0');
    expect(value('${NIGHT}', [], testEnvironment({ night: () => true }))).toBe('1');
  });

  it('EPOCH and STRFTIME read the clock that is handed in', () => {
    expect(value('${EPOCH}')).toBe('1700000000');
    expect(value('${STRFTIME(${EPOCH},Europe/Paris,%Y-%m-%d %H:%M)}')).toBe('2023-11-14 23:13');
    expect(value('${STRFTIME(,,%H:%M)}', [], testEnvironment({ offsetMinutes: 60 }))).toBe('23:13');
    expect(value('${STRPTIME(2023-11-14 23:13:20,Europe/Paris,%Y-%m-%d %H:%M:%S)}')).toBe('1700000000');
    expect(value('${STRPTIME(no,UTC,%Y)}')).toBe('');
  });

  it('IFTIME holds by the local time', () => {
    const paris = testEnvironment({ offsetMinutes: 60 });
    expect(value('${IFTIME(23:00-23:59,tue,14,nov?in:out)}', [], paris)).toBe('in');
    expect(value('${IFTIME(8:30-18:00,mon-fri,*,*?in:out)}')).toBe('out');
  });

  it('RAND stays inside its bounds', () => {
    const seen = new Set(Array.from({ length: 50 }, () => value('${RAND(3,5)}')));
    expect([...seen].every((it) => ['3', '4', '5'].includes(it))).toBe(true);
    const environment = testEnvironment();
    expect(new Set(Array.from({ length: 50 }, () => environment.random.integer(3))).size).toBe(3);
  });

  it('EXTENSION_STATE shows the busiest device of a hint', () => {
    const text = `[a]
exten => 201,hint,LINE/1&SIP/201
exten => 1,1,Verbose(0,\${EXTENSION_STATE(201@a)}|\${HINT(201)}|\${EXTENSION_STATE(5@a)})
`;
    const environment = testEnvironment({ deviceState: (device) => (device === 'LINE/1' ? 'INUSE' : 'NOT_INUSE') });
    run(text, {}, [], environment);
    expect(environment.printed).toEqual(['info: INUSE|LINE/1&SIP/201|UNKNOWN']);
  });

  it('CHANNEL keeps what the switch may want to know', () => {
    expect(
      value('${CHANNEL(language)}|${CHANNEL(musicclass)}', [
        'Set(CHANNEL(language)=fr)',
        'Set(CHANNEL(musicclass)=jazz)',
      ]),
    ).toBe('fr|jazz');
    expect(value('${CHANNEL(state)}')).toBe('Ring');
  });

  it('says nothing of a function that cannot be read, and warns', () => {
    const environment = testEnvironment();
    expect(value('[${PUSH(x)}]', [], environment)).toBe('[]');
    expect(environment.printed[0]).toContain('function PUSH cannot be read');
  });

  it('EVAL cannot be made to run for ever', () => {
    expect(value('${EVAL(${X})}', ['Set(X=${EPOCH:0:0}$\\{EVAL(\\${X})})'])).not.toBe('nothing was printed');
  });

  it.each([
    ['LEN', undefined],
    ['len', "there is no function 'len', did you mean 'LEN'?"],
    ['LENN', "there is no function 'LENN', did you mean 'LEN'?"],
    ['ODBC', 'function ODBC is not available in this version'],
    ['WHATEVER', "there is no function 'WHATEVER'"],
    ['constructor', "there is no function 'constructor'"],
  ])('%s: %s', (name, message) => {
    expect(functionProblem(name)?.message).toBe(message);
  });

  it('has names in capitals only, so that a variable is never taken for one', () => {
    expect([...FUNCTIONS.keys()].filter((name) => !/^[A-Z_0-9]+$/.test(name))).toEqual([]);
  });
});
