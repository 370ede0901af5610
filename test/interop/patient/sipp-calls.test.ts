import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freeUdpPort } from '../../../src/io/free-port.ts';
import { type Appliance, startAppliance } from '../../support/appliance.ts';
import { strongestHz } from '../../support/audio.ts';
import { BRANCH, branchConfig, CENTRE, WEB } from '../../support/branch-office.ts';
import { Capture } from '../../support/capture.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { playSipp, type SippOptions, type SippStep } from '../../support/sipp.ts';
import {
  SIPP_ANSWERED,
  SIPP_INVITED,
  SIPP_PROOF,
  SIPP_SERVER,
  sippAnswer,
  sippBye,
  sippConfirm,
  sippInDialog,
  sippInvite,
  sippRegister,
  sippRequest,
  sippSdp,
} from '../../support/sipp-phone.ts';
import { waitUntil } from '../../support/wait-until.ts';

const PROVIDER = { ip: CENTRE, port: 5074 };
const SIP = `sip:
  listen: [udp://${SIPP_SERVER}, tcp://${SIPP_SERVER}]
  phones:
    "211": { secret: secret-211, context: office }
  trunks:
    provider: { registrar: "sip:${PROVIDER.ip}:${PROVIDER.port}", register: false, context: from-hq }`;

const DIALPLAN = `exten => 600,1,Answer
exten => 600,2,Echo
exten => 601,1,Answer
exten => 601,2,Milliwatt
exten => 605,1,Ringing
exten => 605,2,Wait(1)
exten => 605,3,Answer
exten => 605,4,Echo
exten => _5XXX,1,Dial(SIP/provider/\${EXTEN:1},20)
`;

const SDP = { body: sippSdp() };

describeWithPeers('SIPp, step by step', ['sipp', 'tshark'], () => {
  let office: Appliance;
  let capture: Capture;

  beforeAll(async () => {
    capture = await Capture.start(`port 5060 and host ${BRANCH}`);
    const config = branchConfig({ sections: SIP, dialplan: DIALPLAN });
    office = await startAppliance({ config, web: WEB });
  });

  afterEach(async () => {
    await office.rest(1);
  });

  afterAll(async () => {
    await office?.dispose();
    await capture?.dispose();
  });

  async function play(steps: readonly SippStep[], options: Partial<SippOptions> = {}): Promise<void> {
    const { code, report } = await playSipp({ server: SIPP_SERVER, steps, ...options });
    expect(code, report).toBe(0);
  }

  async function dialFrom1(number: string): Promise<void> {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 5_000);
    await office.dial(1, number);
  }

  /** SIPp is called by the telephone on line 1, as the phone 211 or as the provider, and does as told; `meanwhile` it talks. */
  async function isCalled(
    as: 'phone' | 'provider',
    steps: readonly SippStep[],
    meanwhile: () => Promise<unknown>,
    how: Pick<SippOptions, 'literal'> = {},
  ): Promise<void> {
    const local = as === 'provider' ? PROVIDER : { ip: '127.0.0.1', port: await freeUdpPort(0) };
    if (as === 'phone') await play(sippRegister(), { local });
    const served = play([SIPP_INVITED, ...steps], { local, ...how });
    await Promise.all([served, dialFrom1(as === 'phone' ? '211' : '5600').then(meanwhile)]);
  }

  const talks = () => office.waitForLine(1, 'talking', 10_000);
  const talksAndHangsUp = async () => {
    await talks();
    await office.rest(1);
  };
  const ENDED: readonly SippStep[] = [{ receive: 'BYE' }, sippConfirm()];
  const NOTIFIED: readonly SippStep[] = [{ receive: 'NOTIFY' }, sippConfirm()];
  const RINGS = sippAnswer('180 Ringing');
  const ANSWERS = sippAnswer('200 OK', SDP);

  const hears1004 = () =>
    waitUntil('the tone on line 1', 10_000, async () => Math.abs(strongestHz(await office.heard(1, 1)) - 1004) < 12);

  describe('as a phone that calls', () => {
    test('over TCP calls, holds and hangs up [RFC3261 §18]', async () => {
      const steps = [
        ...sippInvite('600'),
        SIPP_ANSWERED,
        sippInDialog('ACK', '600', 2),
        sippInDialog('INVITE', '600', 3, { body: sippSdp(2, 'sendonly') }),
        { receive: 100, optional: true },
        SIPP_ANSWERED,
        sippInDialog('ACK', '600', 3),
        ...sippBye('600', 4),
      ] as const;
      await play(steps, { transport: 'tcp' });
    });

    test('demands that ringing is reliable: it comes with RSeq, and PRACK is answered [RFC3262 §3]', async () => {
      const steps: SippStep[] = [
        ...sippInvite('605', ['Require: 100rel']),
        { receive: 180, routes: true, keep: { rseq: 'RSeq:' } },
        sippInDialog('PRACK', '605', 3, { headers: ['RAck: [$rseq] 2 INVITE'] }),
        { receive: 200 },
        SIPP_ANSWERED,
        sippInDialog('ACK', '605', 2),
        ...sippBye('605', 4),
      ];
      await play(steps);
    });

    test('wants too short a session, is told the shortest, and refreshes that by UPDATE [RFC4028 §6, §7.4]', async () => {
      const timer = (seconds: number) => ['Supported: timer', `Session-Expires: ${seconds};refresher=uac`];
      const steps: SippStep[] = [
        ...sippInvite('600', timer(30)),
        { receive: 422 },
        { send: sippRequest('ACK', '600', 2, { branchOf: 3 }) },
        { send: sippRequest('INVITE', '600', 3, { ...SDP, headers: [SIPP_PROOF, ...timer(90)] }) },
        { receive: 100, optional: true },
        SIPP_ANSWERED,
        sippInDialog('ACK', '600', 3),
        sippInDialog('UPDATE', '600', 4, { headers: timer(90) }),
        { receive: 200 },
        ...sippBye('600', 5),
      ];
      await play(steps);
    });

    test('whose ACK is lost gets the answer again [RFC3261 §13.3.1.4]', async () => {
      const steps = [
        ...sippInvite('600'),
        { receive: 200 },
        { receive: 200 },
        SIPP_ANSWERED,
        sippInDialog('ACK', '600', 2),
        ...sippBye('600', 3),
      ];
      await play(steps, { literal: true });
    });

    test('gives up too late, and talks: CANCEL is answered and changes nothing [RFC3261 §9.2]', async () => {
      const steps = [
        ...sippInvite('600'),
        SIPP_ANSWERED,
        { send: sippRequest('CANCEL', '600', 2, { branchOf: 3 }) },
        { receive: 200 },
        sippInDialog('ACK', '600', 2),
        { pauseMs: 300 },
        sippInDialog('INVITE', '600', 3, { body: sippSdp(2) }),
        { receive: 100, optional: true },
        SIPP_ANSWERED,
        sippInDialog('ACK', '600', 3),
        ...sippBye('600', 4),
      ] as const;
      await play(steps);
    });

    test('sends its party on by REFER, is told so, and is let go [RFC3515 §2.4.4]', async () => {
      const steps = [
        ...sippInvite('201'),
        { receive: 180, optional: true },
        SIPP_ANSWERED,
        sippInDialog('ACK', '201', 2),
        sippInDialog('REFER', '201', 3, { headers: [`Refer-To: <sip:601@${BRANCH}>`] }),
        { receive: 202 },
        ...NOTIFIED,
        ...NOTIFIED,
        ...ENDED,
      ] as const;
      const calling = play(steps);
      await office.waitForLine(1, 'ringing', 10_000);
      await office.lift(1);
      await calling;
      await hears1004();
    });
  });

  describe('as a phone that is called', () => {
    test('asks for PRACK, and gets it [RFC3262 §4]', async () => {
      const reliable = ['Require: 100rel', 'RSeq: 7'];
      const steps = [
        sippAnswer('180 Ringing', { headers: reliable }),
        { receive: 'PRACK' },
        sippConfirm(),
        ANSWERS,
        { receive: 'ACK' },
        ...ENDED,
      ] as const;
      await isCalled('phone', steps, talksAndHangsUp);
    });

    test('whose answer comes again gets ACK again [RFC3261 §13.2.2.4]', async () => {
      // Where the machine stands still, the INVITE may come twice.
      const acknowledged: readonly SippStep[] = [{ receive: 'INVITE', optional: true }, { receive: 'ACK' }];
      const steps = [RINGS, ANSWERS, ...acknowledged, ANSWERS, ...acknowledged, ...ENDED];
      await isCalled('phone', steps, talksAndHangsUp, { literal: true });
    });

    test('answers what was given up meanwhile: ACK, and BYE at once [RFC3261 §9.1, §15]', async () => {
      const steps = [RINGS, { receive: 'CANCEL' }, sippConfirm(), ANSWERS, { receive: 'ACK' }, ...ENDED] as const;
      await isCalled('phone', steps, async () => {
        await office.waitForStatus('it to ring', 10_000, ({ calls }) => calls[0]?.state === 'ringing');
        await office.hangUp(1);
      });
    });

    test('sends the caller elsewhere: to a number of the dialplan [RFC3261 §21.3.3]', async () => {
      const moved = sippAnswer('302 Moved Temporarily', { headers: [`Contact: <sip:601@${BRANCH}>`] });
      await isCalled('phone', [moved, { receive: 'ACK' }], hears1004);
    });
  });

  describe('as a provider', () => {
    test('forks: several ring with their media, one answers and has the call [RFC3261 §13.2.2.4]', async () => {
      const early = (tag: string) => sippAnswer('183 Session Progress', { tag, ...SDP });
      const answer = sippAnswer('200 OK', { tag: 'two', ...SDP });
      const steps = [early('one'), early('two'), early('three'), answer, { receive: 'ACK' }, ...ENDED] as const;
      await isCalled('provider', steps, talksAndHangsUp);
    });

    test('forks, and two answer: the second is told BYE, the first talks on [RFC3261 §13.2.2.4]', async () => {
      const answer = (tag: string) => sippAnswer('200 OK', { tag, ...SDP });
      const acknowledged = { receive: 'ACK' } as const;
      const steps = [RINGS, answer('first'), acknowledged, answer('late'), acknowledged, ...ENDED, ...ENDED] as const;
      await isCalled('provider', steps, talksAndHangsUp);
    });

    test('sends the caller elsewhere: to a number that its context has [RFC3261 §21.3.3]', async () => {
      const moved = sippAnswer('302 Moved Temporarily', { headers: [`Contact: <sip:202@${BRANCH}>`] });
      await isCalled('provider', [moved, { receive: 'ACK' }], () => office.waitForLine(2, 'ringing', 10_000));
    });
  });

  test('in all that the late fork is told BYE and the first is when we hang up, and no message is malformed to the dissector', async () => {
    await capture.stop();
    expect(await capture.count(`sip && ip.src == ${BRANCH}`)).toBeGreaterThan(60);
    const forks = 'sip.Method == "BYE" && (sip.to.tag == "first" || sip.to.tag == "late")';
    expect(await capture.fields(forks, ['sip.to.tag'])).toEqual([['late'], ['first']]);
    expect(await capture.expertErrors(`ip.src == ${BRANCH}`)).toEqual([]);
  });
});
