import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Appliance, startAppliance } from '../../support/appliance.ts';
import { clearest, strongestHz } from '../../support/audio.ts';
import { BRANCH, branchConfig, WEB } from '../../support/branch-office.ts';
import { Linphone } from '../../support/linphone.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { pause, waitUntil } from '../../support/wait-until.ts';

const run = promisify(execFile);
const SERVER = `${BRANCH}:5060`;

const SIP = `sip:
  listen: ["udp://${SERVER}"]
  qualify: { every: 1h, timeout: 3s }
  phones:
    "211": { secret: secret-211, context: office }
    "212": { secret: secret-212, context: office }`;

const DIALPLAN = `exten => 601,1,Answer
exten => 601,2,Milliwatt
`;

describeWithPeers('clients of SIP that others wrote', ['linphone', 'sipsak'], () => {
  let office: Appliance;

  beforeAll(async () => {
    office = await startAppliance({ config: branchConfig({ sections: SIP, dialplan: DIALPLAN }), web: WEB });
  });

  afterAll(async () => {
    await office?.dispose();
  });

  const sipsak = (...args: string[]) =>
    run('sipsak', args, { timeout: 15_000 }).then(
      ({ stdout }) => ({ code: 0, out: stdout }),
      (error: { code?: number; stdout?: string }) => ({ code: error.code ?? -1, out: error.stdout ?? '' }),
    );

  it('sipsak registers a phone, is answered by OPTIONS from then on, and unregisters it', async () => {
    const account = ['-u', '212', '-a', 'secret-212', '-s', `sip:212@${SERVER}`];
    const registered = await sipsak('-vv', '-U', '-C', 'sip:212@127.0.0.1:5099', '-x', '600', ...account);
    expect(registered, registered.out).toMatchObject({ code: 0 });
    expect((await office.status()).phones['212']).toMatchObject({
      ...{ state: 'registered', contact: 'sip:212@127.0.0.1:5099' },
    });
    const asked = await sipsak('-vv', ...account);
    expect(asked, asked.out).toMatchObject({ code: 0 });
    const gone = await sipsak('-vv', '-U', '-C', '*', '-x', '0', ...account);
    expect(gone, gone.out).toMatchObject({ code: 0 });
    expect((await office.status()).phones['212']!.state).toBe('unregistered');
  });

  it('linphone registers, calls, is called, and both are heard', async () => {
    const phone = await Linphone.start({ user: '211', secret: 'secret-211', server: SERVER, hz: 700 });
    try {
      await office.waitForStatus('its registration', 10_000, ({ phones }) => phones['211']?.state === 'registered');
      phone.tell('call 601');
      await office.waitForStatus('the call', 5_000, ({ calls }) => calls[0]?.state === 'talking');
      await pause(2_500);
      phone.tell('terminate');
      await office.waitForNoCalls();
      phone.tell('autoanswer enable');
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 5_000);
      await office.dial(1, '211');
      await office.waitForLine(1, 'talking', 10_000);
      const says = async () => Math.abs(strongestHz(await office.heard(1, 1)) - 700) < 12;
      await waitUntil('linphone at the line', 5_000, says);
      await office.hangUp(1);
      await office.waitForNoCalls();
      await phone.stop();
      expect(strongestHz(clearest(phone.heard(), 1004))).toBeCloseTo(1004, -1);
    } finally {
      phone.dispose();
    }
  });
});
