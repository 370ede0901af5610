import { afterEach, expect, test } from 'vitest';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { CENTRE, SECRET, startBranch, startCentre } from '../support/branch-office.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { describeAsterisk } from '../support/peers.ts';

/** Nobody listens there: datagrams to it are lost, as those to a dead centre are. */
const NOBODY = loopbackAddress(9);

const peer = (name: string, host: string, qualify: string) => `    ${name}:
      type: friend
      host: ${host}
      username: branch1
      secret: ${SECRET}
      codecs: [ulaw]
${qualify}`;

const DIALPLAN = `exten => _81XX,1,Dial(IAX2/unknown/6\${EXTEN:2},60)
exten => _81XX,2,Dial(IAX2/hq/6\${EXTEN:2},60)
exten => _82XX,1,Dial(IAX2/known/6\${EXTEN:2},60)
exten => _82XX,2,Dial(IAX2/hq/6\${EXTEN:2},60)
`;

describeAsterisk('Dial goes to the next priority when the first centre is dead', (version) => {
  let centre: Asterisk | undefined;
  let office: Appliance | undefined;
  let stopped: Asterisk | undefined;

  afterEach(async () => {
    await office?.dispose();
    await centre?.dispose();
    await stopped?.dispose();
    [office, centre, stopped] = [undefined, undefined, undefined];
  });

  /** From the last digit to the call at the living centre. */
  async function timeToCall(number: string, digitsMs: number): Promise<number> {
    await office!.lift(1);
    await office!.waitForLine(1, 'dial-tone', 2_000);
    const startMs = performance.now();
    await office!.dial(1, number);
    await office!.waitForLine(1, 'talking', 15_000);
    return performance.now() - startMs - digitsMs;
  }

  /** 80 ms on and 80 ms off for each, the last without its pause. */
  const DTMF_MS = 4 * 160 - 80;

  test('within 2 s where that is not known, and within 100 ms where it is', async () => {
    stopped = await startCentre(version, {}, loopbackAddress(8));
    centre = await startCentre(version, {}, CENTRE);
    office = await startBranch({
      peers: [
        peer('unknown', loopbackAddress(8), ''),
        peer('known', NOBODY, '      qualify: { every: 1s, timeout: 500ms }\n'),
      ].join(''),
      dialplan: DIALPLAN,
    });
    await office.waitForRegistration('hq', 'registered', 5_000);
    await office.waitForStatus('one to be known dead', 6_000, (it) => it.trunks['known']?.reachable === false);
    stopped.signal('SIGSTOP');

    // What the machine itself needs from the last digit to the talking line when nothing fails.
    const usualMs = await timeToCall('7601', DTMF_MS);
    await office.rest(1);
    expect((await timeToCall('8201', DTMF_MS)) - usualMs).toBeLessThan(100);
    await office.rest(1);
    expect((await timeToCall('8101', DTMF_MS)) - usualMs).toBeLessThan(2_000);
  });
});
