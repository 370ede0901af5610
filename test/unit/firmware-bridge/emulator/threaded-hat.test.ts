import { afterEach, describe, expect, it } from 'vitest';
import type { World } from '../../../../firmware-bridge/emulator/board.ts';
import { NativeBoard } from '../../../../firmware-bridge/emulator/native-board.ts';
import { ThreadedHat } from '../../../../firmware-bridge/emulator/threaded-hat.ts';
import { Counters } from '../../../../src/base/counters.ts';
import { silentLog } from '../../../../src/base/log.ts';
import { SeededRandom } from '../../../../src/base/random.ts';
import { nativeFirmware } from '../../../support/firmware.ts';
import { describeHatContract, type MadeHat, socketsOf } from '../../../support/hat-contract.ts';
import { describeWithPeers } from '../../../support/peers.ts';

/** The thread of a board, played by this one: it lives a block when it is told to. */
function makeThreadedHat(
  options: Pick<ConstructorParameters<typeof ThreadedHat>[0], 'ports' | 'townLines' | 'exchange' | 'ppm'>,
) {
  const board = new NativeBoard({ program: nativeFirmware('sanitized'), ...socketsOf(options) });
  let given: World | undefined;
  const thread = { run: (world: World) => (given = structuredClone(world)) };
  const quiet = { random: new SeededRandom(1), counters: new Counters(), log: silentLog };
  const hat = new ThreadedHat({ ...options, ...quiet }, thread);
  /** False when it has nothing to do. */
  const work = (nowMs: number): boolean => {
    if (given === undefined) return false;
    const world = given;
    given = undefined;
    hat.handleDeeds(structuredClone(board.run(world)), nowMs);
    return true;
  };
  return { hat, work, close: () => board.close() };
}

describeWithPeers('with a compiler', ['gcc'], () => {
  describeHatContract('The firmware in another thread', (options): MadeHat => {
    const { hat, work, close } = makeThreadedHat(options);
    const settle = async (nowMs: number) => {
      while (work(nowMs));
    };
    return { hat, settle, close };
  });

  describe('a thread that comes late', () => {
    let made: ReturnType<typeof makeThreadedHat>;
    afterEach(() => made.close());

    it('stretches the time of the HAT and loses no block of sound', () => {
      const stamps: number[] = [];
      made = makeThreadedHat({ ports: [1], exchange: (_port, _up, _down, mediaTs) => stamps.push(mediaTs) });
      const { hat, work } = made;
      let nowMs = 0;
      hat.tick(nowMs);
      for (let i = 0; i < 60; i++) {
        hat.tick((nowMs += 10));
        while (work(nowMs));
        while (hat.poll() !== undefined) hat.command({ type: 'audio', ports: [1], law: 'alaw' }, nowMs);
      }
      stamps.length = 0;
      // At half the speed: a block takes 20 ms.
      for (let i = 0; i < 200; i++) {
        hat.tick((nowMs += 10));
        if (i % 2 === 0) work(nowMs);
      }
      expect(stamps).toHaveLength(100);
      expect(stamps.every((stamp, i) => stamp === stamps[0]! + i * 80)).toBe(true);
      expect(hat.stalledBlocks).toBeGreaterThan(80);
      hat.serial.askStatistics(nowMs);
      for (let i = 0; i < 4; i++) {
        hat.tick((nowMs += 10));
        while (work(nowMs));
      }
      expect(hat.serial.statistics).toMatchObject({ underruns: 0, lateBlocks: 0, framesBad: 0 });
      expect(hat.serial.isUp).toBe(true);
    });
  });
});
