import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseTime } from '../../../src/cli/route.ts';
import { utcOffsetMinutes } from '../../../src/io/time-zone.ts';
import { Bench } from './terminal-double.ts';

const OFFICE = `site: { id: a, country: fr, timezone: Europe/Paris }
hat:
  port: emulator
  lines:
    - { port: 1, kind: fxs, context: office, extension: "201", name: Desk }
    - { port: 2, kind: fxs, extension: "202" }
iax2: { peers: { hq: { host: h, context: office, secret: { env: NOT_SET } } } }
dialplan: |
  [office]
  exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
  exten => _7XXX,1,Set(WHO=\${CALLERID(num)})
  exten => _7XXX,2,Dial(IAX2/u:canary@hq/\${EXTEN:1},30)
  exten => 9,1,GotoIfTime(08:00-18:00,mon-fri,*,*?day,1)
  exten => 9,2,Busy
  exten => day,1,Answer
`;

let bench: Bench;
let file: string;
beforeEach(() => {
  bench = new Bench();
  file = bench.write('a.yaml', OFFICE);
});
afterEach(() => bench.dispose());

describe('route', () => {
  test('prints each step with the line of the file, without secrets and without calling anyone', async () => {
    const { code, out } = await bench.execute(['route', '7123', '--from', 'line/1', '--config', file]);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        `${file}:11  office,7123,1  Set(WHO=201)`,
        `${file}:12  office,7123,2  Dial(IAX2/u:***@hq/123,30)`,
        '    calls IAX2/u:***@hq/123 for 30 s; taken as NOANSWER',
        'end: no more priorities, cause 19 (No answer)',
        '',
      ].join('\n'),
    );
  });

  test('rings the lines that have an extension', async () => {
    const { out } = await bench.execute(['route', '202', '--from', 'office', '--config', file]);
    expect(out).toContain('office,202,1  Dial(LINE/2,20)');
  });

  test('goes by the time that is told, in the zone of the site', async () => {
    const at = async (time: string) => {
      const { out } = await bench.execute(['route', '9', '--from', 'office', '--at', time, '--json', '--config', file]);
      const { at, steps } = JSON.parse(out) as { at: string; steps: { application: string }[] };
      return `${at} ${steps
        .map((step) => step.application)
        .join(' ')
        .trim()}`;
    };
    expect(await at('2026-12-24T08:30')).toBe('2026-12-24T07:30:00.000Z GotoIfTime Answer');
    expect(await at('2026-12-24T07:30')).toBe('2026-12-24T06:30:00.000Z GotoIfTime Busy');
    expect(await at('2026-12-24T07:30:00Z')).toBe('2026-12-24T07:30:00.000Z GotoIfTime Answer');
  });

  test.each([
    [['--from', 'nowhere'], 'the dialplan has no context nowhere; allowed: office, line/N, phone/USER'],
    [
      ['--from', 'offce'],
      'the dialplan has no context offce, did you mean office? allowed: office, line/N, phone/USER',
    ],
    [['--from', 'line/5'], 'there is no line 5 in hat.lines'],
    [['--from', 'line/2'], 'line 2 has no context'],
    [
      ['--from', 'office', '--at', 'noon'],
      '--at noon is no time; allowed: 08:30, 2026-12-24T08:30, 2026-12-24T08:30:00Z',
    ],
  ])('refuses %j', async (options, message) => {
    expect(await bench.execute(['route', '1', '--config', file, ...options])).toEqual({
      code: 2,
      out: '',
      err: `branchline: ${message}\n`,
    });
  });

  test('says of a number that no line of the dialplan has where it comes from', async () => {
    const more = `${OFFICE}conferences: { "600": {} }\nfeatures: { contexts: [office], dnd: "*78" }\n`;
    const with600 = bench.write('c.yaml', more);
    const route = (number: string, ...options: string[]) =>
      bench.execute(['route', number, '--from', 'office', '--config', with600, ...options]);
    expect((await route('600')).out).toMatch(/^not in the dialplan {2}office,600,1 {2}ConfBridge\(600\)\n/);
    expect((await route('*78')).out).toMatch(/^not in the dialplan {2}office,\*78,1 {2}DoNotDisturb\(\)\n/);
    const { steps } = JSON.parse((await route('600', '--json')).out) as { steps: { line: number | null }[] };
    expect(steps[0]?.line).toBeNull();
    const { err } = await bench.execute(['route', '1', '--from', 'nowhere', '--config', with600]);
    expect(err).not.toContain('branchline-');
  });

  test('refuses an invalid configuration with the places of its errors', async () => {
    const broken = bench.write('b.yaml', OFFICE.replace('id: a', 'id: A'));
    const { code, err } = await bench.execute(['route', '1', '--from', 'office', '--config', broken]);
    expect(code).toBe(2);
    expect(err).toContain(`${broken}:1:13: site.id is "A"`);
  });
});

describe('a time', () => {
  /** 2026-06-30T22:30Z: the next day already in Paris. */
  const clock = {
    nowMs: () => Date.UTC(2026, 5, 30, 22, 30),
    utcOffsetMinutes: (epochMs: number, zone = 'Europe/Paris') => utcOffsetMinutes(zone, epochMs),
  };

  test.each([
    ['8:05', '2026-07-01T06:05:00.000Z'],
    ['2026-01-15 08:05', '2026-01-15T07:05:00.000Z'],
    ['2026-07-15T08:05:30', '2026-07-15T06:05:30.000Z'],
    ['2026-07-15T08:05:30-05:00', '2026-07-15T13:05:30.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(parseTime(text, clock)!).toISOString()).toBe(expected);
  });

  test.each(['', 'noon', '25:00', '2026-13-01T00:00', '2026-02-31', '08:60'])('%j is none', (text) => {
    expect(parseTime(text, clock)).toBeUndefined();
  });
});
