import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Appliance, startAppliance } from '../../support/appliance.ts';
import { clearest, strongestHz } from '../../support/audio.ts';
import { Baresip } from '../../support/baresip.ts';
import { BRANCH, branchConfig, WEB } from '../../support/branch-office.ts';
import { Capture } from '../../support/capture.ts';
import { Linphone } from '../../support/linphone.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { waitUntil } from '../../support/wait-until.ts';

const SERVER = `${BRANCH}:5060`;
const SIP = `sip:
  listen: ["udp://${SERVER}"]
  phones:
    "211": { secret: secret-211, context: office }
    "212": { secret: secret-212, context: office }
    "213": { secret: secret-213, context: office }`;

describeWithPeers('phones that others wrote', ['baresip', 'linphone', 'tshark'], () => {
  let office: Appliance;
  let capture: Capture;
  const phones: Baresip[] = [];

  beforeAll(async () => {
    capture = await Capture.start(`udp and host ${BRANCH}`);
    office = await startAppliance({ config: branchConfig({ sections: SIP }), web: WEB });
  });

  afterEach(async () => {
    for (const phone of phones.splice(0)) await phone.dispose();
    await office.waitForNoCalls();
  });

  afterAll(async () => {
    await office?.dispose();
    await capture?.dispose();
  });

  async function start(user: string, hz: number, more: { config?: string; answers?: true } = {}): Promise<Baresip> {
    const phone = await Baresip.start({ user, secret: `secret-${user}`, server: SERVER, hz, ...more });
    phones.push(phone);
    await waitUntil(
      `${user} to be registered`,
      10_000,
      () => / 200 OK \(\) \[\d+ binding/.test(phone.log),
      () => phone.log,
    );
    return phone;
  }

  /** Of half a second that it heard, the one in which that was this pitch most. */
  const pitchAt = (phone: Baresip, hz: number) => strongestHz(clearest(phone.heard(), hz, 4_000));

  test('ring together as one user; who answers has the call, the other is told where it went [RFC3326 §3.1]', async () => {
    const caller = await start('211', 700, { config: 'rtcp_mux yes' });
    const desk = await start('212', 1500);
    const pocket = await start('212', 900);
    await caller.dial('212');
    for (const phone of [desk, pocket]) await phone.waitForEvent('CALL_INCOMING');
    await pocket.command('accept');
    await caller.waitForEvent('CALL_ESTABLISHED');
    await desk.waitForEvent('CALL_CLOSED');
    for (const phone of [caller, pocket]) await phone.waitForRecording(1.5);
    await caller.command('hangup');
    await pocket.waitForEvent('CALL_CLOSED');
    expect(pitchAt(caller, 900)).toBeCloseTo(900, -1);
    expect(pitchAt(pocket, 700)).toBeCloseTo(700, -1);
  });

  test('put a party through to one whom they have asked before: REFER with Replaces [RFC5589 §7.1]', async () => {
    const party = await start('212', 1500, { answers: true });
    const expert = await start('213', 900, { answers: true });
    const clerk = await Linphone.start({ user: '211', secret: 'secret-211', server: SERVER, hz: 700 });
    try {
      await office.waitForStatus('linphone', 10_000, (status) => status.phones['211']?.state === 'registered');
      clerk.tell('call 212');
      await clerk.says(/Media streams established .* for call 1 /);
      clerk.tell('pause');
      await office.waitForStatus('the party to wait', 10_000, ({ calls }) => calls[0]?.state === 'held');
      clerk.tell('call 213');
      await clerk.says(/Media streams established .* for call 2 /);
      clerk.tell('transfer 1 --to-call 2');
      await clerk.says(/Performing attended transfer of call 1 to call 2/);
      await office.waitForStatus('the two to be one call', 10_000, ({ calls }) => {
        return calls.length === 1 && calls[0]!.state === 'talking' && !JSON.stringify(calls).includes('SIP/211');
      });
      await expert.waitForRecording(1.5, 8_000, expert.recordedBytes);
      await party.command('hangup');
      await expert.waitForEvent('CALL_CLOSED');
      expect(pitchAt(expert, 1500)).toBeCloseTo(1500, -1);
    } finally {
      clerk.dispose();
    }
  });

  test('in all that no message is malformed to the dissector, RTCP goes by the port of RTP where that was agreed', async () => {
    await capture.stop();
    const ours = `ip.src == ${BRANCH}`;
    expect(await capture.count(`${ours} && sip.Method == "CANCEL" && sip.Reason contains "cause=200"`)).toBeGreaterThan(
      0,
    );
    expect(await capture.count(`${ours} && sdp.media_attr contains "rtcp-mux"`)).toBeGreaterThan(0);
    // RTP of a phone is at an even port; reports have types from 200 on.
    const reports = await capture.fields(`${ours} && udp.payload[1:1] >= c8 && udp.payload[1:1] <= cc`, [
      'udp.dstport',
    ]);
    expect(reports.filter(([port]) => Number(port) % 2 === 0).length).toBeGreaterThan(0);
    expect(await capture.count('sip.Refer-To contains "Replaces"')).toBeGreaterThan(0);
    expect(await capture.expertErrors(ours)).toEqual([]);
  });
});
