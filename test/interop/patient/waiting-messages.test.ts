import { afterAll, beforeAll, test } from 'vitest';
import { utf8Decode } from '../../../src/base/bytes.ts';
import type { Appliance } from '../../support/appliance.ts';
import { type Asterisk, startAsterisk } from '../../support/asterisk.ts';
import { toneDbm0 } from '../../support/audio.ts';
import { Baresip } from '../../support/baresip.ts';
import { BRANCH, CENTRE, centreFiles, startBranch } from '../../support/branch-office.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { ScriptedPhone } from '../../support/scripted-phone.ts';
import { waitUntil } from '../../support/wait-until.ts';

const PHONE = loopbackAddress(5);
/** What is called here is how many messages there are, none of them old. */
const MAILBOX = `
[mailbox]
exten => _X,1,MinivmMWI(200@default,0,\${EXTEN},0)
 same => n,Hangup()
`;
/** The German dial tone, and what it has, too, while messages wait. */
const FIRST_HZ = 425;
const SECOND_HZ = 400;
const SIP = `sip:
  listen: [udp://${BRANCH}:5060]
  phones:
    "211": { secret: secret-211, context: office, mailbox: "200@hq" }
    "212": { secret: secret-212, context: office, mailbox: hq }`;

describeAsterisk(
  'messages that wait at the centre',
  (version) => {
    let centre: Asterisk;
    let phone: Asterisk | undefined;
    let office: Appliance;
    let lamp: Baresip | undefined;
    let unasked: ScriptedPhone | undefined;

    beforeAll(async () => {
      const files = centreFiles({ peer: 'mailbox=200@default' });
      const extensions = `${files['extensions.conf']}${MAILBOX}`;
      centre = await startAsterisk({
        version,
        bind: CENTRE,
        files: { ...files, 'extensions.conf': extensions, 'minivm.conf': '[general]' },
        modules: ['app_minivm'],
      });
      await putMessages(2);
      office = await startBranch({
        country: 'de',
        register: '{ refresh: 60s, every: 5s }',
        line1: ', mailbox: hq',
        sections: SIP,
        peers: '    desk:\n      secret: of-the-desk\n      context: from-hq\n      mailbox: hq\n',
      });
    });

    afterAll(async () => {
      await unasked?.close();
      await lamp?.dispose();
      await office?.dispose();
      await phone?.dispose();
      await centre?.dispose();
    });

    /** So many messages now wait, says the voice mail. */
    async function putMessages(count: number): Promise<void> {
      await centre.originate(`Local/${count}@mailbox`, { application: 'Wait', data: '1' });
    }

    /** Lifts the handset, and waits for a dial tone that has the second frequency or does not have it. */
    async function expectDialTone(hasSecond: boolean): Promise<void> {
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await waitUntil(`a dial tone ${hasSecond ? 'with' : 'without'} ${SECOND_HZ} Hz`, 5_000, async () => {
        const heard = await office.heard(1, 1);
        const second = toneDbm0(heard, SECOND_HZ);
        return toneDbm0(heard, FIRST_HZ) > -30 && (hasSecond ? second > -30 : second < -50);
      });
      await office.rest(1);
    }

    const waitForNew = (count: number) =>
      office.waitForStatus(
        `${count} new messages`,
        20_000,
        (it) => it.trunks['hq']?.registration?.messages?.new === count,
      );

    test('make the dial tone stutter, and are told to a phone that registers here; not any more when they are gone', async () => {
      await waitForNew(2);
      await expectDialTone(true);
      phone = await startAsterisk({
        version,
        bind: PHONE,
        files: { 'iax.conf': `[general]\nbindaddr=@BIND@\nregister => desk:of-the-desk@${BRANCH}` },
      });
      await phone.waitForLog(/Registered IAX2 to '.*', who sees us as .* with 2 new/, 10_000);
      await putMessages(0);
      await waitForNew(0);
      await expectDialTone(false);
    });

    test('light the lamp of a SIP phone, of one that subscribes and of one that does not', async () => {
      await putMessages(3);
      await waitForNew(3);
      const server = { ip: BRANCH, port: 5060 };
      lamp = await Baresip.start({ user: '211', secret: 'secret-211', server: `${BRANCH}:5060`, mwi: true });
      unasked = await ScriptedPhone.open({ user: '212', secret: 'secret-212', server });
      await unasked.register();
      const told = async (count: number) => {
        const summary = `Messages-Waiting: ${count > 0 ? 'yes' : 'no'}\r\nVoice-Message: ${count}/0 (0/0)\r\n`;
        // One whose answer was late comes again: it is not the next one.
        await waitUntil(
          `NOTIFY of ${count}`,
          20_000,
          () => unasked!.messages.some(({ body }) => utf8Decode(body) === summary),
          () => unasked!.texts.slice(-4).join('\n'),
        );
        const shown = `MWI for [^\\n]*\\s+Messages-Waiting: ${count > 0 ? 'yes' : 'no'}\\s+Voice-Message: ${count}/0 `;
        await waitUntil(
          `baresip to show ${count}`,
          20_000,
          () => new RegExp(shown).test(lamp!.log),
          () => lamp!.log.slice(-4_000),
        );
      };
      await told(3);
      await putMessages(0);
      await told(0);
    });
  },
  ['baresip'],
);
