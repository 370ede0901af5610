import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Appliance, startAppliance } from '../../support/appliance.ts';
import { branchConfig, CENTRE, WEB } from '../../support/branch-office.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { playSipp, type SippStep } from '../../support/sipp.ts';
import {
  SIPP_ANSWERED,
  SIPP_SERVER,
  sippBye,
  sippInDialog,
  sippInvite,
  sippRequest,
  sippSdp,
} from '../../support/sipp-phone.ts';

const PROVIDERS = { refuses: 5071, minimum: 5072, away: 5073 };

const trunk = (name: keyof typeof PROVIDERS) =>
  `    ${name}: { registrar: "sip:${CENTRE}:${PROVIDERS[name]}", username: lyon, secret: s, register: { expires: 60s } }`;

const SIP = `sip:
  listen: [udp://${SIPP_SERVER}]
  phones:
    "211": { secret: secret-211, context: office }
  trunks:
${trunk('refuses')}
${trunk('minimum')}
${trunk('away')}`;

const DIALPLAN = `exten => 600,1,Answer
exten => 600,2,Echo
exten => 604,1,Ringing
exten => 604,2,Wait(30)
`;

async function play(options: Parameters<typeof playSipp>[0]): Promise<void> {
  const { code, report } = await playSipp(options);
  expect(code, report).toBe(0);
}

describeWithPeers('SIPp', ['sipp'], () => {
  let office: Appliance;

  beforeAll(async () => {
    const config = branchConfig({ sections: SIP, dialplan: DIALPLAN });
    office = await startAppliance({ config, web: WEB });
  });

  afterEach(async () => {
    await office.waitForNoCalls(40_000);
  });

  afterAll(async () => {
    await office?.dispose();
  });

  describe('as a phone', () => {
    test('calls thirty times, proves itself each time, and hangs up', async () => {
      const steps = [
        ...sippInvite('600'),
        SIPP_ANSWERED,
        sippInDialog('ACK', '600', 2),
        { pauseMs: 500 },
        ...sippBye('600', 3),
      ];
      await play({ server: SIPP_SERVER, steps, calls: 30, rate: 10 });
    });

    test('gives up while it rings: the INVITE ends with 487 [RFC3261 §9.2]', async () => {
      const steps = [
        ...sippInvite('604'),
        { receive: 180 },
        { send: sippRequest('CANCEL', '604', 2, { branchOf: 3 }) },
        { receive: 200 },
        { receive: 487 },
        { send: sippRequest('ACK', '604', 2, { branchOf: 6 }) },
      ];
      await play({ server: SIPP_SERVER, steps });
    });

    test('holds and resumes by re-INVITE, and each is answered [RFC3264 §8.4]', async () => {
      const change = (cseq: number, direction: string): SippStep[] => [
        sippInDialog('INVITE', '600', cseq, { body: sippSdp(cseq, direction) }),
        { receive: 100, optional: true },
        SIPP_ANSWERED,
        sippInDialog('ACK', '600', cseq),
        { pauseMs: 200 },
      ];
      const steps = [
        ...sippInvite('600'),
        SIPP_ANSWERED,
        sippInDialog('ACK', '600', 2),
        ...change(3, 'sendonly'),
        ...change(4, 'sendrecv'),
        ...sippBye('600', 5),
      ];
      await play({ server: SIPP_SERVER, steps });
    });
  });

  describe('as a provider', () => {
    const answer = (status: string, more: readonly string[] = []) =>
      [
        ...[`SIP/2.0 ${status}`, '[last_Via:]', '[last_From:]', '[last_To:];tag=[pid]b[call_number]'],
        ...['[last_Call-ID:]', '[last_CSeq:]', ...more, 'Content-Length: 0', '', ''],
      ].join('\n');
    const serve = (name: keyof typeof PROVIDERS, steps: readonly SippStep[]) =>
      play({ server: SIPP_SERVER, steps, local: { ip: CENTRE, port: PROVIDERS[name] } });
    const registration = async (name: string) => (await office.trunk(name)).registration;

    test('that wants longer registrations gets them [RFC3261 §10.2.8]', async () => {
      const steps: SippStep[] = [
        { receive: 'REGISTER' },
        { send: answer('423 Interval Too Brief', ['Min-Expires: 1800']) },
        { receive: 'REGISTER' },
        { send: answer('200 OK', ['[last_Contact:]', 'Expires: 1800']) },
      ];
      await serve('minimum', steps);
      await office.waitForRegistration('minimum', 'registered', 5_000);
      expect((await registration('minimum'))!.refreshS).toBe(1800);
    });

    test('that forbids is told of in one sentence, and not asked again soon', async () => {
      await serve('refuses', [{ receive: 'REGISTER' }, { send: answer('403 Forbidden') }]);
      const { trunks } = await office.waitForRegistration('refuses', 'rejected', 5_000);
      expect(trunks['refuses']!.reason).toBe(`${CENTRE} answered 403 Forbidden.`);
    });

    test('that is away for a while is asked again when it said that it would be back [RFC3261 §20.33]', async () => {
      const startMs = performance.now();
      const steps: SippStep[] = [
        { receive: 'REGISTER' },
        { send: answer('503 Service Unavailable', ['Retry-After: 3']) },
        { receive: 'REGISTER' },
        { send: answer('200 OK', ['[last_Contact:]', 'Expires: 60']) },
      ];
      await serve('away', steps);
      expect(performance.now() - startMs).toBeGreaterThan(2_500);
      await office.waitForRegistration('away', 'registered', 5_000);
    });
  });
});
