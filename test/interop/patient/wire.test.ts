import { afterAll, beforeAll, expect, test } from 'vitest';
import { equalBytes } from '../../../src/base/bytes.ts';
import { decodeFrame, encodeFrame } from '../../../src/iax2/frame.ts';
import { decodeInformationElements, encodeInformationElements } from '../../../src/iax2/information-element.ts';
import { isMalformed } from '../../../src/iax2/malformed.ts';
import { FRAME_TYPE } from '../../../src/iax2/subclass.ts';
import type { Appliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { BRANCH, CENTRE, startBranch, startCentre } from '../../support/branch-office.ts';
import { Capture } from '../../support/capture.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { pause } from '../../support/wait-until.ts';

describeAsterisk(
  'on the wire',
  (version) => {
    let centre: Asterisk;
    let office: Appliance;
    let capture: Capture;

    /** Registration, qualify, calls both ways, digits, a rejection, a busy number, hangups, release. */
    beforeAll(async () => {
      capture = await Capture.start(`udp port 4569 and host ${BRANCH} and host ${CENTRE}`);
      centre = await startCentre(version);
      office = await startBranch();
      await office.waitForRegistration('hq', 'registered', 5_000);
      for (const number of ['7600', '7602', '7605', '7999']) {
        await office.lift(1);
        await office.waitForLine(1, 'dial-tone', 2_000);
        await office.dial(1, number);
        await pause(number === '7600' || number === '7605' ? 4_000 : 1_500);
        if (number === '7600') await office.dial(1, '123');
        await pause(1_000);
        await office.rest(1);
      }
      await centre.originate('IAX2/branch1/201', { application: 'Milliwatt' });
      await office.waitForLine(1, 'ringing', 3_000);
      await office.lift(1);
      await pause(12_000); // past the first LAGRQ
      await centre.cli('channel request hangup all');
      await office.rest(1);
      await office.stop();
      await pause(500);
      await capture.stop();
    });

    afterAll(async () => {
      await office?.dispose();
      await centre?.dispose();
      await capture?.dispose();
    });

    test('tshark finds no expert error in any frame of ours', async () => {
      expect(await capture.expertErrors(`ip.src == ${BRANCH}`)).toEqual([]);
      expect(await capture.count(`ip.src == ${BRANCH} && iax2`)).toBeGreaterThan(500);
      expect(await capture.count(`ip.src == ${BRANCH} && udp && !iax2`)).toBe(0);
    });

    test('every frame of ours is marked as voice', async () => {
      expect(await capture.count(`ip.src == ${BRANCH} && ip.dsfield.dscp != 46`)).toBe(0);
    });

    test('every frame of either side decodes and encodes to the same bytes, elements too', async () => {
      const payloads = await capture.payloads('iax2');
      expect(payloads.length).toBeGreaterThan(1_000);
      const different: string[] = [];
      for (const bytes of payloads) {
        const hex = Buffer.from(bytes).toString('hex');
        const frame = decodeFrame(bytes);
        if (isMalformed(frame)) {
          different.push(`${frame.reason}: ${hex}`);
          continue;
        }
        if (!equalBytes(encodeFrame(frame), bytes)) different.push(`frame: ${hex}`);
        if (frame.type !== 'full' || frame.frameType !== FRAME_TYPE.IAX) continue;
        const elements = decodeInformationElements(frame.body);
        if (isMalformed(elements)) different.push(`${elements.reason}: ${hex}`);
        else if (!equalBytes(encodeInformationElements(elements, 'as-given'), frame.body))
          different.push(`elements: ${hex}`);
      }
      expect(different).toEqual([]);
    });

    test('no secret is anywhere on it', async () => {
      const all = Buffer.concat(await capture.payloads('iax2')).toString('latin1');
      expect(all).not.toContain('s3cret');
    });
  },
  ['tshark'],
);
