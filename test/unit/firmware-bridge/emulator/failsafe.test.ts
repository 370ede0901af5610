import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Board, Sockets } from '../../../../firmware-bridge/emulator/board.ts';
import type { FirmwareHat } from '../../../../firmware-bridge/emulator/firmware-hat.ts';
import { NativeBoard } from '../../../../firmware-bridge/emulator/native-board.ts';
import { measureTones } from '../../../../firmware-bridge/emulator/tone-meter.ts';
import { TownExchange } from '../../../../firmware-bridge/emulator/town-exchange.ts';
import { exchangeHabits } from '../../../../src/line-settings.ts';
import { countryProfile } from '../../../../src/lines/country-profile.ts';
import { nativeFirmware, shippedBoard } from '../../../support/firmware.ts';
import { HatBench, makeFirmwareHat, PORTS } from '../../../support/hat-bench.ts';
import { describeWithPeers } from '../../../support/peers.ts';
import { sine } from '../../../support/signal.ts';

/** What the firmware does for the office when nothing above it runs: the telephone of line 1 on the town line. */
function describeFailsafe(name: string, makeBoard: (sockets?: Sockets) => Board): void {
  describe(`${name} without a host`, () => {
    let town: TownExchange;
    let bench: HatBench<FirmwareHat>;

    beforeEach(() => {
      town = new TownExchange(exchangeHabits(countryProfile('fr')!));
      bench = new HatBench(makeFirmwareHat({ board: makeBoard(), relayLine: town })).begin();
    });

    afterEach(() => bench.hat.close());

    const phone = () => bench.hat.phone(1)!;
    const tones = () => measureTones(phone().heard.last(1600)).map(({ hz }) => Math.round(hz));
    const voice = (hz: number) => Int16Array.from(sine(hz, -10, 2_000));
    function loseHost(): void {
      bench.hat.plug('out', bench.nowMs);
      bench.live(2_100);
    }

    it('gives line 1 the dial tone of the town, within 2.1 s of the host falling silent, and says so in red', () => {
      phone().lift();
      bench.live(1_000);
      expect(town.isSeized).toBe(false);
      phone().putDown();
      bench.live(1_500);
      loseHost();
      phone().lift();
      bench.live(1_000);
      expect(tones()).toEqual([440]);
      bench.live(3_000);
      expect(bench.hat.lights).toEqual(PORTS.map(() => ({ colour: 'red', onMs: 200, offMs: 200 })));
    });

    it('lets an emergency call be dialled and spoken, and leaves it alone when the host is back', () => {
      loseHost();
      phone().lift();
      bench.live(1_000);
      phone().dialTones('112');
      bench.live(3_000);
      expect(town.dialled).toBe('112');
      expect(town.answer()).toBe(true);
      town.say(voice(1000));
      phone().say(voice(700));
      bench.live(1_000);
      expect(tones()).toEqual([1000]);
      expect(measureTones(town.heard.last(1600)).map(({ hz }) => Math.round(hz))).toEqual([700]);

      bench.hat.plug('in', bench.nowMs);
      const events = bench.live(3_000);
      expect(events.map(({ type }) => type)).toContain('hello');
      expect(town.state).toBe('talking');
      town.say(voice(1200));
      bench.live(500);
      expect(tones()).toEqual([1200]);

      phone().putDown();
      bench.live(1_000);
      expect(town.state).toBe('rest');
      bench.serve('fr');
      phone().lift();
      expect(bench.live(2_000)).toContainEqual(
        expect.objectContaining({ type: 'line', port: 1, event: { type: 'hook', hook: 'off' } }),
      );
      expect(town.isSeized).toBe(false);
    });

    it('rings the telephone of line 1 when the town calls', () => {
      loseHost();
      expect(town.ring('0472000001')).toBe(true);
      bench.live(1_000);
      expect(phone().bell).toBe(true);
      phone().lift();
      bench.live(500);
      expect(town.state).toBe('talking');
      expect(phone().bell).toBe(false);
    });

    it('leaves the town line alone where a socket has it, too, and says that somebody is on it', () => {
      bench.hat.close();
      bench = new HatBench(
        makeFirmwareHat({
          board: makeBoard({ ports: [1, 2], townPorts: [4] }),
          ports: [1, 2],
          townLines: new Map([[4, town]]),
          relayLine: town,
        }),
      ).begin();
      bench.hat.command({ type: 'town-line', port: 4, command: { type: 'loop', closed: true } }, bench.nowMs);
      bench.live(1_000);
      expect(town.isSeized).toBe(true);
      loseHost();
      bench.live(1_000);
      expect(town.isSeized).toBe(false);
      phone().lift();
      bench.live(1_000);
      expect(tones()).toEqual([440]);
      bench.hat.plug('in', bench.nowMs);
      expect(bench.live(3_000)).toContainEqual(
        expect.objectContaining({ type: 'town-line', port: 4, event: { type: 'voltage', volts: 9 } }),
      );
      expect(town.state).toBe('dial-tone');
    });
  });
}

describeWithPeers('with a compiler', ['gcc'], () => {
  describeFailsafe(
    'the firmware, built for this machine under sanitizers,',
    (sockets = { ports: PORTS }) => new NativeBoard({ program: nativeFirmware('sanitized'), ...sockets }),
  );
});

describeFailsafe('the shipped firmware on an emulated RP2040', ({ ports, townPorts = [] } = { ports: PORTS }) =>
  shippedBoard(ports, townPorts),
);
