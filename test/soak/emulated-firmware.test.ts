import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance } from '../support/appliance.ts';
import { sine } from '../support/signal.ts';
import { pause, waitUntil } from '../support/wait-until.ts';

const MINUTES = 5;
const BLOCKS = MINUTES * 60 * 100;

describe(`the shipped firmware in real time for ${MINUTES} minutes`, () => {
  let appliance: Appliance;

  beforeAll(async () => {
    appliance = new Appliance({
      config: `
site: { id: soak, country: fr }
hat:
  port: emulator
  emulator: firmware
  lines:
    - { port: 1, kind: fxs, extension: "201", context: office }
    - { port: 2, kind: fxs, extension: "202", context: office }
dialplan: |
  [office]
  exten => 202,1,Dial(LINE/2,60)
`,
    });
    await appliance.start(60_000);
  });

  afterAll(() => appliance?.dispose());

  it('carries a call between two lines with at most 0.5 % of its blocks missing at the HAT', async () => {
    await appliance.waitForLine(1, 'idle', 30_000);
    await appliance.lift(1);
    await appliance.waitForLine(1, 'dial-tone', 30_000);
    await appliance.dial(1, '202');
    await appliance.waitForLine(2, 'ringing', 30_000);
    await appliance.lift(2);
    await appliance.waitForLine(1, 'talking', 30_000);
    const before = (await appliance.status()).hat!;
    for (let minute = 0; minute < MINUTES; minute++) {
      await appliance.say(2, Int16Array.from(sine(1000, -10, 60_000)));
      await pause(58_000);
      const { tones } = (await appliance.line(1)).heard;
      expect(tones.map(({ hz }) => Math.round(hz))).toEqual([1000]);
      await pause(2_000);
    }
    await waitUntil('the statistics', 10_000, async () => (await appliance.status()).hat!.underruns !== null);
    const { underruns, lateBlocks, crcErrors, stalledBlocks, up } = (await appliance.status()).hat!;
    const stalled = stalledBlocks! - before.stalledBlocks!;
    console.log(
      `${underruns} underruns, ${lateBlocks} late, ${stalled} of ${BLOCKS} blocks stalled, ${crcErrors} bad frames`,
    );
    expect(up).toBe(true);
    expect(crcErrors).toBe(0);
    expect((underruns ?? 0) / BLOCKS).toBeLessThanOrEqual(0.005);
  });
});
