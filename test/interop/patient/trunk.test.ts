import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isMalformed } from '../../../src/iax2/malformed.ts';
import { decodeMetaTrunkFrame, type MetaTrunkFrame } from '../../../src/iax2/meta-trunk.ts';
import type { Appliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { clearest, strongestHz, toneDbm0 } from '../../support/audio.ts';
import { BRANCH, CENTRE, startBranch, startCentre } from '../../support/branch-office.ts';
import { Capture } from '../../support/capture.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { sine } from '../../support/signal.ts';
import { waitForTone } from '../../support/tone-heard.ts';
import { pause, waitUntil } from '../../support/wait-until.ts';

const TRUNK_MTU = 1240;
const TALK_MS = 3_000;

/** Calls that the centre sends in come back to it: the branch joins them, and its trunk carries both directions. */
const LOOP = `[from-hq]
exten => _9XXX,1,Dial(IAX2/hq/\${EXTEN:1},60)
`;

async function trunkFrames(capture: Capture, ip: string): Promise<MetaTrunkFrame[]> {
  const frames = (await capture.payloads(`ip.src == ${ip} && udp`)).filter(({ length }) => length > 0);
  return frames
    .filter((bytes) => bytes[0] === 0 && bytes[1] === 0)
    .map((bytes) => {
      expect(bytes.length).toBeLessThanOrEqual(TRUNK_MTU);
      const frame = decodeMetaTrunkFrame(bytes);
      if (isMalformed(frame)) throw new Error(frame.reason);
      return frame;
    });
}

describeAsterisk(
  'a trunk',
  (version) => {
    describe.each([
      { mode: 'with timestamps', ours: true, theirs: 'trunktimestamps=yes' },
      { mode: 'without timestamps', ours: false, theirs: 'trunktimestamps=no' },
    ])('$mode', ({ ours, theirs }) => {
      let centre: Asterisk;
      let office: Appliance;
      let capture: Capture | undefined;

      beforeAll(async () => {
        centre = await startCentre(version, { peer: 'trunk=yes', general: theirs });
        office = await startBranch({ hq: `trunk: true\ntrunkTimestamps: ${ours}`, dialplan: LOOP });
        await office.waitForRegistration('hq', 'registered', 5_000);
      });

      afterEach(async () => {
        await centre.cli('channel request hangup all');
        await office.rest(1);
        await centre.waitForCli('core show channels count', /0 active channels/, 10_000);
        await capture?.dispose();
        capture = undefined;
      });

      afterAll(async () => {
        await office?.dispose();
        await centre?.dispose();
      });

      test('carries one call, whose level is kept both ways', async () => {
        capture = await Capture.start(`udp port 4569 and host ${BRANCH} and host ${CENTRE}`);
        const recording = centre.path('spool', `talk-${ours}`);
        await centre.cli(`dialplan set global RECORDING ${recording}`);
        await centre.originate('IAX2/branch1/201', { extension: '610@from-branch' });
        await office.waitForLine(1, 'ringing', 3_000);
        await office.lift(1);
        await office.waitForLine(1, 'talking', 2_000);
        await office.say(1, Int16Array.from(sine(850, -10, 5_000)));
        const samples = await centre.waitForRecording(recording);
        const spoken = clearest(samples, 850);
        expect(strongestHz(spoken)).toBeCloseTo(850, 0);
        expect(Math.abs(toneDbm0(spoken, 850) - -10)).toBeLessThan(0.5);
        await capture.stop();
        const frames = await trunkFrames(capture, BRANCH);
        expect(frames.length).toBeGreaterThan(100);
        expect(frames.every(({ withTimestamps }) => withTimestamps === ours)).toBe(true);
        expect(await capture.count(`ip.src == ${BRANCH} && iax2.packet_type == 0`)).toBe(0);
        expect(centre.log()).not.toMatch(/VNAK|[Uu]nknown call|[Mm]ini frame/);
      });

      test('brings the milliwatt of the centre', async () => {
        await office.lift(1);
        await office.waitForLine(1, 'dial-tone', 2_000);
        await office.dial(1, '7601');
        await office.waitForLine(1, 'talking', 10_000);
        await waitForTone(office, 1, { hz: 1004, dbm0: 0, seconds: 2 });
      });

      test.each([8, 40])('carries %i calls through the branch, each with every block in its place', async (count) => {
        capture = await Capture.start(`udp port 4569 and host ${BRANCH} and host ${CENTRE}`);
        // Each of the calls goes to the branch and comes back: the branch has twice as many legs.
        for (let i = 0; i < count / 2; i++) await centre.originate('IAX2/branch1/9600', { application: 'Milliwatt' });
        await office.waitForStatus('the calls to stand', 20_000, (it) => it.calls.length === count / 2);
        // A machine that stands still for a moment has more blocks of a call than beats: those of the past are left out.
        const leftOut = async () => {
          const { dropped } = await office.status();
          return (dropped['media.trunk-backlog'] ?? 0) + (dropped['media.backlog'] ?? 0);
        };
        await waitUntil('a while of talk in which next to nothing is left out', 15_000, async () => {
          const before = await leftOut();
          await pause(TALK_MS);
          return (await leftOut()) - before < (0.05 * count * TALK_MS) / 20;
        });
        const status = await office.status();
        await centre.cli('channel request hangup all');
        await office.waitForNoCalls(10_000);
        await capture.stop();

        const frames = await trunkFrames(capture, BRANCH);
        const calls = new Set(frames.flatMap(({ entries }) => entries.map(({ sourceCall }) => sourceCall)));
        expect(calls.size).toBe(count);
        const fullest = Math.max(...frames.map(({ entries }) => entries.length));
        expect(fullest).toBe(Math.min(7, count));
        // Voice that comes before a call is accepted or after it has ended is nobody's.
        const bad = Object.keys(status.dropped).filter((reason) =>
          /^media\.(?!unknown-call|late|trunk-backlog|backlog|stalled)/.test(reason),
        );
        expect(bad).toEqual([]);
        expect(centre.log()).not.toMatch(/VNAK|[Uu]nknown call|[Mm]ini frame/);
        for (const call of calls) {
          const blocks = frames.flatMap(({ entries }) => entries.filter(({ sourceCall }) => sourceCall === call));
          expect(blocks.length).toBeGreaterThan((0.9 * TALK_MS) / 20);
        }
      });
    });
  },
  ['tshark'],
);
