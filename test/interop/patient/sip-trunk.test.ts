import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { toneDbm0 } from '../../support/audio.ts';
import { BRANCH, CENTRE, SECRET, startBranch } from '../../support/branch-office.ts';
import { Capture } from '../../support/capture.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { sine } from '../../support/signal.ts';
import { startSipCentre } from '../../support/sip-centre.ts';
import { waitForTone } from '../../support/tone-heard.ts';
import { pause, waitUntil } from '../../support/wait-until.ts';

const SIP = `sip:
  listen: [udp://${BRANCH}:5060]
  digest: [sha-256, md5]
  phones:
    "221": { secret: secret-221, context: office }
  trunks:
    sip-hq:
      registrar: sip:${CENTRE}
      username: branch-01
      secret: ${SECRET}
      fromUser: branch-01
      trusted: true
      context: from-hq
      qualify: { every: 2s, timeout: 1s }
    wrong: { registrar: "sip:${CENTRE}", username: branch-01, secret: not-the-secret }
emergency:
  via: [{ channel: SIP/sip-hq, callerId: "+33472000001" }]`;

const DIALPLAN = `exten => _5XXX,1,Dial(SIP/sip-hq/\${EXTEN:1},30)
`;

/** Asterisk 22 as a phone of the office, which proves itself with SHA-256. */
const PHONE = `[phone]
type=registration
transport=transport-udp
server_uri=sip:${BRANCH}
client_uri=sip:221@${BRANCH}
outbound_auth=phone
expiration=120
[phone]
type=auth
auth_type=digest
username=221
password=secret-221
supported_algorithms_uac=SHA-256
`;

/** Head office sends a call elsewhere before it has it, or puts itself in its own place: what each channel driver has for that. */
const MOVES = {
  16: `[from-branch]
exten => 680,1,Transfer(SIP/202)
exten => 681,1,Answer()
 same => n,Verbose(1,CALL-ID=\${SIPCALLID}=)
 same => n,Wait(120)
[in-its-place]
exten => _X.,1,SIPAddHeader(Replaces: \${REPLACED})
 same => n,Dial(SIP/\${EXTEN}@branch-01,20)
`,
  22: `[from-branch]
exten => 680,1,Transfer(sip:202@${BRANCH})
exten => 681,1,Answer()
 same => n,Set(GLOBAL(REPLACED)=\${CHANNEL(pjsip,call-id)}\\;to-tag=\${CHANNEL(pjsip,remote_tag)}\\;from-tag=\${CHANNEL(pjsip,local_tag)})
 same => n,Verbose(1,CALL-ID=\${CHANNEL(pjsip,call-id)}=)
 same => n,Wait(120)
[in-its-place]
exten => _X.,1,Dial(PJSIP/\${EXTEN}@branch-01,20,b(in-its-place^header^1))
exten => header,1,Set(PJSIP_HEADER(add,Replaces)=\${REPLACED})
 same => n,Return()
`,
} as const;

describeAsterisk(
  'a SIP trunk',
  (version) => {
    let centre: Asterisk;
    let office: Appliance;
    let capture: Capture;

    beforeAll(async () => {
      capture = await Capture.start(
        `udp and (port 5060 or src portrange 10000-10199) and host ${BRANCH} and host ${CENTRE}`,
      );
      centre = await startSipCentre(version, {
        ...(version === '22' ? { sip: PHONE } : {}),
        dialplan: MOVES[version],
        modules: version === '22' ? ['res_pjsip_header_funcs'] : [],
      });
      office = await startBranch({ sections: SIP, dialplan: DIALPLAN });
      await office.waitForRegistration('sip-hq', 'registered', 10_000);
    });

    afterEach(async () => {
      await office.rest(1);
      await centre.waitForCli('core show channels count', /0 active channels/, 5_000);
    });

    afterAll(async () => {
      await office?.dispose();
      await centre?.dispose();
      await capture?.dispose();
    });

    async function dialFrom1(number: string): Promise<void> {
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, number);
    }

    test('is registered, and the status says where, how long, and that it answers', async () => {
      const status = await office.waitForStatus('an answer to OPTIONS', 5_000, ({ trunks }) => {
        return trunks['sip-hq']?.reachable === true;
      });
      expect(status.trunks['sip-hq']).toMatchObject({
        kind: 'sip',
        address: `${CENTRE}:5060`,
        reason: null,
        registration: { state: 'registered', apparent: `${BRANCH}:5060` },
      });
      expect(status.trunks['sip-hq']!.registration!.refreshS).toBeGreaterThan(0);
    });

    test('with a wrong secret is not registered, and says why', async () => {
      const { trunks } = await office.waitForStatus('the refusal', 10_000, (status) =>
        ['no-auth', 'rejected'].includes(status.trunks['wrong']?.registration?.state ?? ''),
      );
      expect(trunks['wrong']!.reason).toMatch(new RegExp(`^${CENTRE.replaceAll('.', '\\.')} answered 40[13] `));
      expect(JSON.stringify(trunks)).not.toContain('not-the-secret');
    });

    test('carries a call to the centre: the tone at its level, and digits', async () => {
      await dialFrom1('5601');
      await office.waitForLine(1, 'talking', 10_000);
      await waitForTone(office, 1, { hz: 1004, dbm0: 0, seconds: 2 });
      await office.rest(1);
      await centre.cli('dialplan set global WANTED 4');
      const from = centre.log().length;
      await dialFrom1('5607');
      await office.waitForLine(1, 'talking', 10_000);
      await pause(500);
      await office.dial(1, '4093');
      await centre.waitForLog(/READ-DIGITS=4093=/, 10_000, from);
    });

    test('brings back what was said, as loud as it was', async () => {
      await dialFrom1('5600');
      await office.waitForLine(1, 'talking', 10_000);
      await office.say(1, Int16Array.from(sine(1300, -12, 10_000)));
      await waitUntil('its echo', 5_000, async () => toneDbm0(await office.heard(1, 0.5), 1300) > -14);
    });

    test('tells the caller that the number is busy, or that there is none', async () => {
      await dialFrom1('5602');
      await office.waitForLine(1, 'busy', 10_000);
      await office.rest(1);
      await dialFrom1('5699');
      await office.waitForLine(1, 'congestion', 10_000);
    });

    test('takes an emergency call out with the number that has the address, and its callback to the telephone', async () => {
      const from = centre.log().length;
      await dialFrom1('112');
      await office.waitForLine(1, 'talking', 10_000);
      await centre.waitForLog(/EMERGENCY FROM=\+33472000001=/, 5_000, from);
      await waitForTone(office, 1, { hz: 1004 });
      expect((await office.status()).calls).toMatchObject([{ to: '112', emergency: true }]);
      await office.rest(1);
      await centre.originate('Local/0472000001@to-branch-by-sip', { application: 'Milliwatt' });
      await office.waitForLine(1, 'ringing', 10_000);
      await office.lift(1);
      await office.waitForLine(1, 'talking', 5_000);
    });

    test('stops ringing at the centre when the caller hangs up', async () => {
      await dialFrom1('5604');
      await centre.waitForCli('core show channels count', /1 active channel/, 5_000);
      await office.hangUp(1);
      await centre.waitForCli('core show channels count', /0 active channels/, 5_000);
    });

    test('brings calls of the centre in, and both ends hear each other', async () => {
      await centre.originate('Local/201@to-branch-by-sip', { application: 'Milliwatt' });
      await office.waitForLine(1, 'ringing', 5_000);
      await office.lift(1);
      await office.waitForLine(1, 'talking', 5_000);
      await waitForTone(office, 1, { hz: 1004 });
      expect((await office.status()).calls[0]!.legs.map(({ kind }) => kind)).toEqual(['sip', 'line']);
      await centre.cli('channel request hangup all');
      await office.waitForNoCalls();
    });

    test('tells the centre what became of its call', async () => {
      let from = centre.log().length;
      await centre.originate('Local/299@to-branch-by-sip', { application: 'Echo' });
      await centre.waitForLog(/OUTCOME=CHANUNAVAIL|OUTCOME=CONGESTION/, 8_000, from);
      from = centre.log().length;
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await centre.originate('Local/201@to-branch-by-sip', { application: 'Echo' });
      await centre.waitForLog(/OUTCOME=BUSY/, 8_000, from);
    });

    test('sends a call back to another telephone before it has answered: 302 [RFC3261 §8.1.3.4]', async () => {
      await dialFrom1('5680');
      await office.waitForLine(2, 'ringing', 10_000);
      await office.lift(2);
      await office.waitForLine(1, 'talking', 5_000);
      await office.say(1, Int16Array.from(sine(1300, -12, 10_000)));
      await waitUntil('line 2 to hear line 1', 10_000, async () => toneDbm0(await office.heard(2, 0.5), 1300) > -14);
      const kinds = (await office.status()).calls.flatMap(({ legs }) => legs.map(({ kind }) => kind));
      expect(kinds.filter((kind) => kind === 'line')).toHaveLength(2);
      expect(kinds, 'the centre is out of it').not.toContain('sip');
      await office.rest(2);
    });

    test('puts another call of its own in the place of one that stands: INVITE with Replaces [RFC3891 §3]', async () => {
      const from = centre.log().length;
      await dialFrom1('5681');
      await office.waitForLine(1, 'talking', 10_000);
      const [, callId] = await centre.waitForLog(/CALL-ID=(\S+?)=/, 5_000, from);
      if (version === '16') {
        const dialog = await centre.cli(`sip show channel ${callId}`);
        const tag = (whose: string) => new RegExp(`${whose} Tag: +(\\S+)`).exec(dialog)![1]!;
        const replaced = `${callId}\\;to-tag=${tag('Their')}\\;from-tag=${tag('Our')}`;
        await centre.cli(`dialplan set global REPLACED "${replaced}"`);
      }
      await centre.originate('Local/201@in-its-place', { application: 'Milliwatt' });
      await waitUntil(
        'the tone of the other call',
        10_000,
        async () => toneDbm0(await office.heard(1, 0.5), 1004) > -3,
      );
      const { calls } = await office.waitForStatus('one call', 5_000, (status) => status.calls.length === 1);
      expect(calls[0]).toMatchObject({ from: '201', state: 'talking' });
      await centre.cli('channel request hangup all');
      await office.waitForNoCalls();
    });

    if (version === '22')
      test('and a phone that proves itself with SHA-256 is registered', async () => {
        await office.waitForStatus('phone 221', 10_000, ({ phones }) => phones['221']?.state === 'registered');
        await centre.waitForCli('pjsip show registrations', /Registered/, 5_000);
      });

    test('goes down: calls fail at once and the status says so; it comes back by itself', async () => {
      centre.signal('SIGSTOP');
      try {
        const { trunks } = await office.waitForStatus('the trunk to be lost', 10_000, (status) => {
          return status.trunks['sip-hq']?.reachable === false;
        });
        expect(trunks['sip-hq']!.reason).toBe('It did not answer OPTIONS.');
        await dialFrom1('5601');
        await office.waitForLine(1, 'congestion', 8_000);
      } finally {
        centre.signal('SIGCONT');
      }
      await office.waitForStatus('the trunk to be back', 10_000, ({ trunks }) => trunks['sip-hq']?.reachable === true);
    });

    test('sends no message that the dissector finds malformed, and marks signalling and voice each as what it is', async () => {
      await capture.stop();
      const unmarked = `(udp.srcport == 5060 && ip.dsfield.dscp != 24) || (udp.srcport != 5060 && ip.dsfield.dscp != 46)`;
      expect(await capture.count(`ip.src == ${BRANCH} && (${unmarked})`)).toBe(0);
      expect(await capture.count(`ip.src == ${BRANCH} && udp.srcport != 5060`)).toBeGreaterThan(100);
      expect(await capture.count(`sip && ip.src == ${BRANCH}`)).toBeGreaterThan(30);
      expect(await capture.expertErrors(`ip.src == ${BRANCH}`)).toEqual([]);
    });
  },
  ['tshark'],
);
