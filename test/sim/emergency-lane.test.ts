import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withEmergency } from '../../src/appliance-emergency.ts';
import type { Cause } from '../../src/base/causes.ts';
import { DigitCollection } from '../../src/base/digit-collection.ts';
import { silentLog } from '../../src/base/log.ts';
import { StreamIds } from '../../src/base/media-port.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { devicesWith } from '../../src/config/devices.ts';
import { emergencyPlan } from '../../src/config/emergency.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { COUNTRIES } from '../../src/config/schema/country.ts';
import { NumberingPlan } from '../../src/dialplan/numbering-plan.ts';
import { outsidePrefixes } from '../../src/dialplan/outside-line.ts';
import { countryProfile } from '../../src/lines/country-profile.ts';
import type { EmergencyNews } from '../../src/switch/emergency-desk.ts';
import { Switch } from '../../src/switch/switch.ts';
import { poorStore } from '../unit/config/example.ts';
import { FakeDialler, FakeLeg, RecordingMedia } from '../unit/switch/fakes.ts';

/** What an office may write into its dialplan: catch-alls, early matches, prefixes, numbers of others, traps. */
const EXTENSIONS = [
  `exten => _X.,1,Dial(IAX2/hq/\${EXTEN})`,
  'exten => _X!,1,Hangup(1)',
  'exten => _!,1,Hangup(21)',
  'exten => _1XX,1,Busy',
  'exten => _1!,1,Echo',
  `exten => _9NXXXXXX,1,Dial(SIP/backup/\${EXTEN:1})`,
  `exten => _0.,1,Dial(LINE/8/\${EXTEN:1})`,
  `exten => _9.,1,Dial(IAX2/hq/\${EXTEN:1})`,
  'exten => _[0-9]X,1,Congestion',
  `exten => _NXX,1,Dial(\${DEVICE(\${EXTEN})},20)`,
  'exten => i,1,Hangup(1)',
  'exten => t,1,Hangup(1)',
  'switch => IAX2/hq/office',
  'ignorepat => 9',
  'ignorepat => 0',
  'include => more',
  'include => shut|09:00-09:01|sun|1|jan',
] as const;

const extensions = fc.uniqueArray(fc.constantFrom(...EXTENSIONS), { maxLength: 8 });
const WAYS = ['LINE/7', 'LINE/8', 'IAX2/hq', 'IAX2/other', 'SIP/backup'] as const;

const offices = fc.record({
  country: fc.constantFrom(...COUNTRIES),
  phones: fc.integer({ min: 1, max: 4 }),
  townLines: fc.subarray([7, 8]),
  sipPhone: fc.boolean(),
  /** Without one the lines have no context at all. */
  hasContext: fc.boolean(),
  office: extensions,
  more: extensions,
  added: fc.uniqueArray(fc.stringMatching(/^[0-9*#]{2,6}$/), { maxLength: 3 }),
  via: fc.option(fc.uniqueArray(fc.constantFrom(...WAYS), { maxLength: 5 }), { nil: undefined }),
  isDraining: fc.boolean(),
});
type Office = typeof offices extends fc.Arbitrary<infer Value> ? Value : never;

function document({ country, phones, townLines, sipPhone, hasContext, office, more, added, via }: Office): string {
  const context = hasContext ? ', context: office' : '';
  const lines = Array.from(
    { length: phones },
    (_, i) => `    - { port: ${i + 1}, kind: fxs, extension: "*2${i}"${context}, class: local }`,
  );
  const town = townLines.map((port) => `    - { port: ${port}, kind: fxo, context: town }`);
  const ways = via?.filter((way) => !way.startsWith('LINE/') || townLines.includes(Number(way.slice(5))));
  return [
    `site: { id: a, country: ${country} }`,
    'hat:',
    '  port: emulator',
    '  lines:',
    ...lines,
    ...town,
    'iax2:',
    '  peers:',
    '    hq: { type: friend, host: hq.example, secret: s, context: town, register: { refresh: 60s }, maxCalls: 1 }',
    '    other: { type: peer, host: other.example }',
    ...(sipPhone
      ? [
          'sip: { phones: { hall: { secret: s, context: office, extension: "*41" } }, trunks: { backup: { registrar: "sip:itsp.example" } } }',
        ]
      : ['sip: { trunks: { backup: { registrar: "sip:itsp.example" } } }']),
    ...(ways === undefined ? [] : [`emergency: { numbers: ${JSON.stringify(added)}, via: [${ways.join(', ')}] }`]),
    'dialplan: |',
    '  [office]',
    ...office.map((line) => `  ${line.replaceAll('LINE/8', `LINE/${townLines[0] ?? 1}`)}`),
    '  [more]',
    ...more.map((line) => `  ${line.replaceAll('LINE/8', `LINE/${townLines[0] ?? 1}`)}`),
    '  [shut]',
    '  [town]',
    '  exten => s,1,Hangup',
    '',
  ].join('\n');
}

/** The office of a document, with fake legs; `failing` are the ways that do not work. */
function compose(office: Office, failing: readonly string[]) {
  const { configuration, dialplan, problems } = loadConfiguration(document(office), poorStore);
  if (configuration === undefined || dialplan === undefined) return { problems };
  const plan = emergencyPlan(configuration);
  const causes: Record<string, Cause> = {};
  for (const way of failing)
    for (const number of plan.numbers) causes[`${way.slice(way.indexOf('/') + 1)}/${number}`] = 'unallocated-number';
  const dialler = new FakeDialler(causes);
  const streams = new StreamIds();
  const exchange = new Switch({
    dialplan,
    environment: {
      clock: { nowMs: () => 1_763_845_200_000, utcOffsetMinutes: () => 0 },
      random: new SeededRandom(1),
      globals: new Map(),
      devices: (number) => devicesWith(configuration, number),
      deviceState: () => 'NOT_INUSE',
      night: () => false,
    },
    media: new RecordingMedia(),
    streams,
    diallers: new Map([
      ['line', dialler],
      ['iax2', dialler],
      ['sip', dialler],
    ]),
    tones: countryProfile(configuration.site.country)!.tones,
    emergency: plan,
    numbering: new NumberingPlan('fr'),
    others: { ask: () => true },
    wallClock: () => 1_763_845_200_000,
    log: silentLog,
  });
  const telephones = [
    ...configuration
      .hat!.lines.filter(({ kind }) => kind === 'fxs')
      .map((line) => ({ telephone: `LINE/${line.port}`, context: line.context ?? 'default' })),
    ...Object.keys(configuration.sip?.phones ?? {}).map((user) => ({ telephone: `SIP/${user}`, context: 'office' })),
  ];
  return { plan, dialplan, dialler, streams, exchange, telephones };
}

/** What a line makes of digits that are dialled without a pause, and then of 3 s of silence. */
function collect(
  office: NonNullable<ReturnType<typeof compose>['plan']>,
  dialplan: Parameters<typeof outsidePrefixes>[0],
  context: string,
  digits: string,
) {
  const collection = new DigitCollection(
    context,
    (where, dialled) =>
      withEmergency(dialplan.lookup(where, dialled), office.lookUp(dialled, outsidePrefixes(dialplan, where))),
    { incompleteMs: 5_000, matchMs: 3_000 },
  );
  let step = collection.add(digits[0]!);
  for (const digit of digits.slice(1)) {
    if (step.type !== 'more') return `${step.type} at ${collection.digits}`;
    step = collection.add(digit);
  }
  if (step.type === 'more') {
    if (step.waitMs > 3_000) return `waits ${step.waitMs} ms`;
    step = collection.end();
  }
  return `${step.type} ${collection.digits}`;
}

it('from every telephone of every valid configuration, each emergency number goes out on the first way that works', () => {
  let valid = 0;
  fc.assert(
    fc.property(offices, fc.subarray([...WAYS]), (office, failing) => {
      const it = compose(office, failing);
      if (it.plan === undefined) {
        // Only what check refuses of the numbers of the generated office itself.
        expect(it.problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([]);
        return;
      }
      valid++;
      const { plan, dialplan, dialler, streams, exchange, telephones } = it;
      if (office.isDraining) exchange.drain();
      for (const { telephone, context } of telephones) {
        const prefixes = ['', ...outsidePrefixes(dialplan, context)];
        for (const number of plan.numbers) {
          for (const prefix of prefixes) {
            const digits = prefix + number;
            const other = plan.lookUp(digits, prefixes.slice(1)).match?.number ?? '';
            expect(collect(plan, dialplan, context, digits)).toBe(`complete ${digits}`);
            const requested = dialler.requests.length;
            const leg = new FakeLeg(`${telephone}-${digits}`, streams.next(), 'line', telephone);
            exchange.handleIncoming({ leg, context, number: digits, caller: { number: '20', name: '' } }, 0);
            const ways = plan.ways.map(({ channel }) => channel);
            const first = ways.find((channel) => !failing.some((one) => one === channel));
            const tried = dialler.requests.slice(requested);
            const last = tried.at(-1);
            if (first === undefined) expect(leg.told).toEqual(['progress']);
            else {
              expect(last).toMatchObject({ resource: `${first.slice(first.indexOf('/') + 1)}/${other}` });
              exchange.handleLegEvent(dialler.dialled.at(-1)!, { type: 'answered' }, 1_000);
              expect(leg.last).toBe('answer');
            }
            const news: EmergencyNews[] = [];
            for (let output = exchange.poll(); output !== undefined; output = exchange.poll())
              if (output.type === 'emergency') news.push(output);
            expect(news[0]).toMatchObject({ what: 'placed', number: other, telephone });
            expect(news.at(-1)).toMatchObject({ what: first === undefined ? 'no-way' : 'connected' });
            exchange.handleLegEvent(leg, { type: 'hangup', cause: 'normal-clearing', reason: '' }, 2_000);
            if (first !== undefined)
              exchange.handleLegEvent(
                dialler.dialled.at(-1)!,
                { type: 'hangup', cause: 'normal-clearing', reason: '' },
                2_000,
              );
            expect(exchange.size).toBe(0);
            while (exchange.poll() !== undefined);
          }
        }
      }
    }),
    { seed: 112, numRuns: 200 },
  );
  expect(valid).toBeGreaterThan(130);
});
