import { decode, encode, SILENCE } from 'node-pcm-codecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sockets } from '../../firmware-bridge/emulator/board.ts';
import type { EmulatedHat } from '../../firmware-bridge/emulator/emulated-hat.ts';
import type { SurroundingsOptions } from '../../firmware-bridge/emulator/surroundings.ts';
import { type Supervision, TownExchange } from '../../firmware-bridge/emulator/town-exchange.ts';
import type { ExchangeAudio, HatEvent, Light } from '../../firmware-bridge/hat-client.ts';
import type { LineCommand, LineEvent, TownLineCommand, TownLineEvent } from '../../src/base/line-port.ts';
import { exchangeHabits } from '../../src/line-settings.ts';
import { COUNTRIES, countryProfile } from '../../src/lines/country-profile.ts';

export interface MadeHat {
  readonly hat: EmulatedHat;
  /** Waits for what `tick` has begun, where a real device stands between host and board. */
  settle?(nowMs: number): Promise<void>;
  close(): void | Promise<void>;
}

export interface HatContractOptions {
  readonly ports: readonly number[];
  readonly townLines: ReadonlyMap<number, TownExchange>;
  readonly exchange: ExchangeAudio;
  readonly ppm?: number;
}

/** Makes a HAT with phones and exchanges on these lines, not yet started. */
export type MakeHat = (options: HatContractOptions) => MadeHat | Promise<MadeHat>;

/** The line modules that a board for it has. */
export function socketsOf({ ports, townLines }: SurroundingsOptions): Sockets {
  return { ports, townPorts: [...(townLines?.keys() ?? [])] };
}

const BLOCK_MS = 10;
const TOWN_PORT = 4;

/** What the appliance relies on, whatever runs the HAT: one behaviour of lines, keys, lights and sound. */
export function describeHatContract(name: string, makeHat: MakeHat): void {
  describe(`${name} as a HAT`, () => {
    let made: MadeHat | undefined;
    let hat: EmulatedHat;
    let nowMs: number;
    let seen: { atMs: number; event: HatEvent }[];
    let exchange: ExchangeAudio;
    let town: TownExchange;

    async function stop(): Promise<void> {
      await made?.close();
      made = undefined;
    }

    async function start(ppm = 0): Promise<void> {
      await stop();
      nowMs = 0;
      seen = [];
      exchange = () => {};
      town = new TownExchange(exchangeHabits(countryProfile('fr')!));
      const townLines = new Map([[TOWN_PORT, town]]);
      made = await makeHat({ ports: [1, 2], townLines, exchange: (...block) => exchange(...block), ppm });
      hat = made.hat;
      hat.tick(0);
      await live(100);
      hat.command({ type: 'audio', ports: [1, 2], law: 'alaw' }, nowMs);
      for (const port of [1, 2]) tell(port, { type: 'configure', timing: countryProfile('fr')!.timing });
      await live(100);
    }

    beforeEach(() => start());
    afterEach(stop);

    async function live(ms: number): Promise<void> {
      for (const end = nowMs + ms; nowMs < end; ) {
        hat.tick((nowMs += BLOCK_MS));
        await made?.settle?.(nowMs);
        for (let event = hat.poll(); event !== undefined; event = hat.poll()) seen.push({ atMs: nowMs, event });
      }
    }

    function tell(port: number, command: LineCommand): void {
      hat.command({ type: 'line', port, command }, nowMs);
    }

    function lineEvents(port: number): LineEvent[] {
      return seen.flatMap(({ event }) => (event.type === 'line' && event.port === port ? [event.event] : []));
    }

    function townEvents(): string[] {
      return seen.flatMap(({ event }) => (event.type === 'town-line' ? [wordsOf(event.event)] : []));
    }

    function tellTown(command: TownLineCommand): void {
      hat.command({ type: 'town-line', port: TOWN_PORT, command }, nowMs);
    }

    function keyEvents(): string[] {
      return seen.flatMap(({ event }) => (event.type === 'key' ? [`${event.key} ${event.action}`] : []));
    }

    /** Lifts a handset and lets the line settle. */
    async function lift(port: number): Promise<void> {
      hat.phone(port)!.lift();
      await live(600);
      seen = [];
    }

    function set(led: number, light: Light): void {
      hat.command({ type: 'led', led, light }, nowMs);
    }

    it('says hello with its lines, once', async () => {
      const hellos = seen.filter(({ event }) => event.type === 'hello').map(({ event }) => event);
      expect(hellos).toMatchObject([
        {
          board: 'branchline-hat-4',
          ports: [
            { port: 1, kind: 'fxs' },
            { port: 2, kind: 'fxs' },
            { port: TOWN_PORT, kind: 'fxo' },
          ],
        },
      ]);
    });

    it('says within 60 ms that a handset was lifted, with the millisecond of its own clock', async () => {
      const liftedMs = nowMs;
      hat.phone(1)!.lift();
      await live(1000);
      expect(lineEvents(1)).toEqual([{ type: 'hook', hook: 'off' }]);
      expect(lineEvents(2)).toEqual([]);
      const [first] = seen.filter(({ event }) => event.type === 'line');
      expect(first!.atMs - liftedMs).toBeLessThanOrEqual(60);
      const { event } = first!;
      if (event.type !== 'line') throw new Error('no line event');
      expect(event.mediaTs % 8).toBe(0);
      expect(event.mediaTs / 8 - liftedMs).toBeGreaterThanOrEqual(15);
      expect(event.mediaTs / 8 - liftedMs).toBeLessThanOrEqual(50);
    });

    it('says that a handset was put down once the loop was open for longer than a flash', async () => {
      await lift(1);
      const downMs = nowMs;
      hat.phone(1)!.putDown();
      await live(3000);
      expect(lineEvents(1)).toEqual([{ type: 'hook', hook: 'on' }]);
      const { hangupMs } = countryProfile('fr')!.timing;
      expect(seen[0]!.atMs - downMs).toBeGreaterThanOrEqual(hangupMs);
      expect(seen[0]!.atMs - downMs).toBeLessThanOrEqual(hangupMs + 30);
    });

    it.each(COUNTRIES)('%s: tells a flash at both ends of its window from all others', async (country) => {
      const { timing } = countryProfile(country)!;
      tell(1, { type: 'configure', timing });
      await lift(1);
      const shortest = Math.max(timing.flashMinMs, timing.pulseBreakMaxMs + 1);
      for (const ms of [shortest, Math.round((shortest + timing.flashMaxMs) / 2), timing.flashMaxMs]) {
        seen = [];
        hat.phone(1)!.flash(ms);
        await live(ms + 700);
        expect(lineEvents(1), `${ms} ms`).toEqual([{ type: 'flash', ms }]);
      }
    });

    it.each(['short', 'ground', 'over-temperature'] as const)(
      'tells that a line has the fault %s, and that it is gone',
      async (fault) => {
        const phone = hat.phone(1)!;
        phone.wireFault = fault;
        await live(500);
        phone.wireFault = undefined;
        await live(2_000);
        const faults = lineEvents(1).filter(({ type }) => type === 'fault');
        expect(faults).toEqual([
          { type: 'fault', fault },
          { type: 'fault', fault: undefined },
        ]);
        expect(lineEvents(2)).toEqual([]);
      },
    );

    it('tells no fault that stands for less than 150 ms', async () => {
      hat.phone(1)!.wireFault = 'ground';
      await live(150);
      hat.phone(1)!.wireFault = undefined;
      await live(500);
      expect(lineEvents(1)).toEqual([]);
    });

    it('takes a handset for lifted still when its hot line module has cooled', async () => {
      await lift(1);
      hat.phone(1)!.wireFault = 'over-temperature';
      await live(3_000);
      hat.phone(1)!.wireFault = undefined;
      await live(3_000);
      expect(lineEvents(1).filter(({ type }) => type !== 'fault')).toEqual([]);
    });

    it.each([8, 10, 12])('counts the pulses of a dial that runs at %i per second', async (pulsesPerSecond) => {
      await lift(1);
      const phone = hat.phone(1)!;
      phone.rotaryDial = { pulsesPerSecond, breakShare: 0.6 };
      phone.dialPulses('1690');
      await live(6000);
      expect(lineEvents(1)).toEqual([1, 6, 9, 10].map((breaks) => ({ type: 'pulses', breaks })));
    });

    it('rings in the cadence it was told, until it is told to stop', async () => {
      tell(2, { type: 'ring', cadence: [400, 200, 400, 2000], callerId: { number: '7123', name: 'Zoë' } });
      const bell: boolean[] = [];
      for (let i = 0; i < 610; i++) {
        await live(10);
        bell.push(hat.phone(2)!.bell);
      }
      const stretches = runLengths(bell.slice(bell.indexOf(true)));
      expect(stretches.slice(1, 5)).toEqual([20, 40, 200, 40]);
      expect(hat.phone(2)!.cadence).toEqual([400, 200, 400, 2000]);
      expect(hat.phone(2)!.callerId).toEqual({ number: '7123', name: 'Zoë' });
      expect(hat.phone(1)!.bell).toBe(false);
      tell(2, { type: 'ring-stop' });
      await live(50);
      expect([hat.phone(2)!.cadence, hat.phone(2)!.bell]).toEqual([undefined, false]);
    });

    it('does not begin again when it is told twice to ring', async () => {
      tell(1, { type: 'ring', cadence: [1000, 4000] });
      await live(600);
      tell(1, { type: 'ring', cadence: [1000, 4000] });
      await live(600);
      expect(hat.phone(1)!.bell).toBe(false);
      expect(hat.phone(1)!.cadence).toEqual([1000, 4000]);
    });

    it('trips ringing within 200 ms of an answer, in a burst and in a pause', async () => {
      for (const afterMs of [500, 3000]) {
        await start();
        tell(1, { type: 'ring', cadence: [1500, 3500] });
        await live(afterMs);
        const liftedMs = nowMs;
        hat.phone(1)!.lift();
        await live(1000);
        expect(lineEvents(1)).toEqual([{ type: 'hook', hook: 'off' }]);
        expect(seen.at(-1)!.atMs - liftedMs).toBeLessThanOrEqual(200);
        await live(6000);
        expect(hat.phone(1)!.bell).toBe(false);
        expect(lineEvents(1)).toHaveLength(1);
      }
    });

    it('does not ring a lifted handset', async () => {
      await lift(1);
      tell(1, { type: 'ring', cadence: [1000, 4000] });
      await live(500);
      expect([hat.phone(1)!.bell, hat.phone(1)!.cadence]).toEqual([false, undefined]);
    });

    it('interrupts the loop when told, and takes that for no hang-up', async () => {
      await lift(1);
      exchange = (_port, _up, down) => encode('alaw', new Int16Array(80).fill(8000), down);
      await live(200);
      tell(1, { type: 'cpc', ms: 500 });
      await live(1000);
      const heard = hat.phone(1)!.heard.last(8000);
      const silentBlocks = Array.from({ length: 100 }, (_, i) => heard[i * 80 + 40] === 0).filter(Boolean);
      expect(silentBlocks.length).toBeGreaterThanOrEqual(49);
      expect(silentBlocks.length).toBeLessThanOrEqual(51);
      expect(lineEvents(1)).toEqual([]);
    });

    it('blinks the lamp of a telephone whose handset is down, which rings no bell', async () => {
      tell(1, { type: 'lamp', onMs: 250, offMs: 750 });
      const seenOf: { lamp: boolean; bell: boolean }[] = [];
      for (let i = 0; i < 400; i++) {
        await live(10);
        const { lamp, bell } = hat.phone(1)!;
        seenOf.push({ lamp, bell });
      }
      const lamp = seenOf.map((one) => one.lamp);
      expect(runLengths(lamp.slice(lamp.indexOf(true))).slice(1, 6)).toEqual([75, 25, 75, 25, 75]);
      expect(seenOf.some((one) => one.bell)).toBe(false);
      expect(hat.phone(2)!.lampBlinks).toBe(false);
      expect(lineEvents(1)).toEqual([]);
      tell(1, { type: 'lamp', onMs: 0, offMs: 0 });
      await live(2_100);
      expect(hat.phone(1)!.lampBlinks).toBe(false);
    });

    it('has no lamp voltage on a line that rings or is lifted, and goes on blinking after', async () => {
      tell(1, { type: 'lamp', onMs: 500, offMs: 0 });
      await live(100);
      const phone = hat.phone(1)!;
      expect(phone.lamp).toBe(true);
      tell(1, { type: 'ring', cadence: [1000, 1000] });
      await live(300);
      expect([phone.lamp, phone.bell]).toEqual([false, true]);
      await live(1000);
      expect([phone.lamp, phone.bell]).toEqual([false, false]);
      tell(1, { type: 'ring-stop' });
      await live(50);
      expect(phone.lamp).toBe(true);
      phone.lift();
      await live(2000);
      expect(lineEvents(1)).toEqual([{ type: 'hook', hook: 'off' }]);
      expect(phone.lamp).toBe(false);
      phone.putDown();
      await live(2000);
      expect(phone.lamp).toBe(true);
    });

    it('exchanges one block of each line every 10 ms, in the order of its sample clock', async () => {
      const stamps: number[] = [];
      exchange = (port, _up, _down, mediaTs) => port === 2 && stamps.push(mediaTs);
      await live(10_000);
      expect(stamps).toHaveLength(1000);
      expect(stamps.every((stamp, i) => stamp === stamps[0]! + i * 80)).toBe(true);
    });

    it('plays each answer once and in order, 10 to 20 ms after it was given', async () => {
      await lift(1);
      const givenMs = new Map<number, number>();
      const codes: number[] = [];
      exchange = (port, _up, down, mediaTs, atMs) => {
        const block = mediaTs / 80;
        down.fill(0x80 | (block % CODES));
        if (port === 1) givenMs.set(block % CODES, atMs);
      };
      await live(2000 - 7 * BLOCK_MS);
      const heard = hat.phone(1)!.heard.last(8 * CODES * BLOCK_MS);
      const endMs = nowMs;
      for (const [at, sample] of heard.entries()) {
        const code = CODE_OF.get(sample);
        if (code === undefined || (at > 0 && heard[at - 1] === sample)) continue;
        codes.push(code);
        const startMs = endMs - CODES * BLOCK_MS + at / 8;
        const delayMs = startMs - givenMs.get(code)!;
        const complete = at > 0 && at + 80 <= heard.length && delayMs > 0;
        if (!complete) continue;
        expect(heard.subarray(at, at + 80).every((other) => other === sample)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(10);
        expect(delayMs).toBeLessThanOrEqual(20.5);
      }
      expect(codes.length).toBeGreaterThanOrEqual(CODES);
      expect(codes.every((code, i) => i === 0 || code === (codes[i - 1]! + 1) % CODES)).toBe(true);
    });

    it('brings what a phone says to the host, sample by sample, and silence from one on the hook', async () => {
      await lift(1);
      const said = Int16Array.from({ length: 4000 }, (_, i) => 4000 * Math.sin(i / 3));
      const blocks: Uint8Array[] = [];
      exchange = (port, up) => port === 1 && blocks.push(up.slice());
      hat.phone(1)!.say(said);
      await live(600);
      const codes = new Uint8Array(4000);
      encode('alaw', said, codes);
      const got = Uint8Array.from(blocks.flatMap((block) => [...block]));
      const at = got.findIndex((_, i) => codes.subarray(1, 60).every((code, k) => got[i + k] === code)) - 1;
      expect(at).toBeGreaterThanOrEqual(-1);
      expect([...got.subarray(at + 1, at + 4000)]).toEqual([...codes.subarray(1)]);
      blocks.length = 0;
      exchange = (port, up) => port === 2 && blocks.push(up.slice());
      await live(100);
      expect(new Set(blocks.flatMap((block) => [...block]))).toEqual(new Set([SILENCE.alaw]));
    });

    it('carries no sound of a line that was not asked for', async () => {
      hat.command({ type: 'audio', ports: [2], law: 'alaw' }, nowMs);
      await live(50);
      const ports = new Set<number>();
      exchange = (port) => ports.add(port);
      await live(200);
      expect([...ports]).toEqual([2]);
    });

    it('codes in the law it was told', async () => {
      hat.command({ type: 'audio', ports: [1, 2], law: 'ulaw' }, nowMs);
      await live(100);
      const codes = new Set<number>();
      exchange = (_port, up) => {
        for (const code of up) codes.add(code);
      };
      await live(100);
      expect([...codes]).toEqual([SILENCE.ulaw]);
    });

    it('reports the ringing of a town line burst by burst, and takes it by closing the loop', async () => {
      expect(town.ring('0123456789')).toBe(true);
      const rangMs = nowMs;
      await live(200);
      expect(townEvents()).toEqual(['ringing on']);
      expect(seen.at(-1)!.atMs - rangMs).toBeLessThanOrEqual(150);
      await live(6000);
      expect(townEvents()).toEqual(['ringing on', 'ringing off', 'ringing on']);
      tellTown({ type: 'loop', closed: true });
      await live(100);
      expect([town.state, town.isSeized]).toEqual(['talking', true]);
      seen = [];
      await live(6000);
      expect(townEvents()).toEqual([]);
    });

    it.each(['polarity', 'loop-break', 'tone'] as const)(
      'seizes a town line, hears dial tone, dials, and says how the exchange shows answer and end: by %s',
      async (supervision: Supervision) => {
        town.supervision = supervision;
        hat.command({ type: 'audio', ports: [1, 2, TOWN_PORT], law: 'alaw' }, nowMs);
        const tap = new ToneMeter();
        exchange = (port, up) => port === TOWN_PORT && tap.hear(up);
        tellTown({ type: 'loop', closed: true });
        await live(800);
        expect(town.state).toBe('dial-tone');
        expect(Math.abs(tap.hz - 440)).toBeLessThanOrEqual(10);
        exchange = digitPlayer('7');
        await live(400);
        expect([town.state, town.dialled]).toEqual(['dialling', '7']);
        exchange = () => {};
        await live(2000);
        seen = [];
        town.answer();
        await live(500);
        expect(townEvents()).toEqual(supervision === 'polarity' ? ['reversed'] : []);
        seen = [];
        town.clear();
        await live(1500);
        expect(townEvents()).toEqual(
          { polarity: ['normal'], 'loop-break': ['break of 500 ms'], tone: [] }[supervision],
        );
        tellTown({ type: 'loop', closed: false });
        await live(1500);
        expect([town.state, town.isSeized]).toEqual(['rest', false]);
      },
    );

    it('recalls the exchange by opening the loop, which does not end the call', async () => {
      tellTown({ type: 'loop', closed: true });
      await live(500);
      tellTown({ type: 'flash', ms: 280 });
      await live(1500);
      expect([town.isSeized, town.state]).toEqual([true, 'dial-tone']);
      expect(townEvents()).toEqual([]);
    });

    it('says what voltage a town line has while our loop is open', async () => {
      for (const volts of [9, 0, 48] as const) {
        town.setVoltage(volts);
        await live(300);
      }
      expect(townEvents()).toEqual(['9 V', '0 V', '48 V']);
    });

    it('reports keys down, up, and held for a second', async () => {
      for (const [key, ms] of [
        ['5', 80],
        ['#', 1500],
        ['1', 20],
      ] as const) {
        expect(hat.press(key, ms)).toBe(true);
        expect(hat.press(key, ms)).toBe(false);
        await live(2000);
      }
      expect(hat.press('x', 80)).toBe(false);
      expect(keyEvents()).toEqual(['5 down', '5 up', '# down', '# long', '# up', '1 down', '1 up']);
    });

    it('shows lights, steady and blinking', async () => {
      set(1, { colour: 'green', onMs: 1000, offMs: 0 });
      set(2, { colour: 'amber', onMs: 300, offMs: 700 });
      set(4, { colour: 'red', onMs: 100, offMs: 100 });
      await live(4000);
      expect(hat.lights[0]).toMatchObject({ colour: 'green', offMs: 0 });
      expect(hat.lights[1]).toEqual({ colour: 'amber', onMs: 300, offMs: 700 });
      expect(hat.lights[2]).toMatchObject({ colour: 'off' });
      expect(hat.lights[3]).toEqual({ colour: 'red', onMs: 100, offMs: 100 });
      set(2, { colour: 'off', onMs: 0, offMs: 0 });
      await live(4000);
      expect(hat.lights[1]).toMatchObject({ colour: 'off' });
    });

    it.each([10_000, -10_000])('runs on its own crystal: %i ppm', async (ppm) => {
      await start(ppm);
      let blocks = 0;
      exchange = (port) => (blocks += port === 1 ? 1 : 0);
      await live(10_000);
      expect(Math.abs(blocks - 1000 * (1 + ppm / 1e6))).toBeLessThanOrEqual(1.5);
    });
  });
}

function wordsOf(event: TownLineEvent): string {
  switch (event.type) {
    case 'ringing':
      return `ringing ${event.on ? 'on' : 'off'}`;
    case 'polarity':
      return event.reversed ? 'reversed' : 'normal';
    case 'loop-break':
      return `break of ${event.ms} ms`;
    case 'voltage':
      return `${event.volts} V`;
  }
}

/** Counts the frequency of what comes up in A-law. */
class ToneMeter {
  private readonly samples: number[] = [];

  hear(up: Uint8Array): void {
    const linear = new Int16Array(up.length);
    decode('alaw', up, linear);
    this.samples.push(...linear);
  }

  /** Of the last tenth of a second. */
  get hz(): number {
    const last = this.samples.slice(-800);
    return 10 * last.filter((sample, i) => i > 0 && sample >= 0 && last[i - 1]! < 0).length;
  }
}

/** Plays a digit on the town line. */
function digitPlayer(digit: '7'): ExchangeAudio {
  const [low, high] = { '7': [852, 1209] }[digit] as [number, number];
  let at = 0;
  return (port, _up, down) => {
    if (port !== TOWN_PORT || at >= 1600) return;
    const sine = (hz: number) => 6000 * Math.sin((2 * Math.PI * hz * at) / 8000);
    const block = new Int16Array(down.length);
    for (let i = 0; i < block.length; i++, at++) block[i] = sine(low) + sine(high);
    encode('alaw', block, down);
  };
}

/** Codes of A-law that tell a block from its neighbours, and which of them each sample is. */
const CODES = 100;
const CODE_OF = new Map(
  Array.from({ length: CODES }, (_, code) => {
    const sample = new Int16Array(1);
    decode('alaw', Uint8Array.of(0x80 | code), sample);
    return [sample[0]!, code];
  }),
);

function runLengths(values: readonly boolean[]): number[] {
  const lengths: number[] = [];
  for (const [i, value] of values.entries()) {
    if (i === 0 || value !== values[i - 1]) lengths.push(0);
    lengths[lengths.length - 1]!++;
  }
  return lengths;
}
