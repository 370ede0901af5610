import { createSocket } from 'node:dgram';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { clearest, strongestHz, toneDbm0 } from '../support/audio.ts';
import { Baresip } from '../support/baresip.ts';
import { BRANCH, branchConfig, startBranch, startCentre } from '../support/branch-office.ts';
import { Capture } from '../support/capture.ts';
import { describeWithPeers } from '../support/peers.ts';
import { sine } from '../support/signal.ts';
import { waitForTone } from '../support/tone-heard.ts';
import { pause } from '../support/wait-until.ts';

const SERVER = `${BRANCH}:5060`;

const SIP = `sip:
  listen: [udp://${SERVER}]
  qualify: { every: 5s, timeout: 2s }
  phones:
    "211": { secret: secret-211, name: Reception, context: office }
    "212": { secret: secret-212, name: Workshop, context: office }
    "213": { secret: secret-213, name: Nobody, context: office }
features: { contexts: [office], forward: "*72" }`;

const DIALPLAN = `exten => 600,1,Answer
exten => 600,2,Echo
exten => 601,1,Answer
exten => 601,2,Milliwatt
exten => 602,1,Busy(10)
`;

/** Sends one REGISTER without a proof; gives what comes back. */
async function ask(user: string): Promise<string> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind({ address: '127.0.0.1', port: 0 }, resolve));
  const { port } = socket.address();
  const answer = new Promise<string>((resolve) => socket.once('message', (message) => resolve(message.toString())));
  const message = [
    `REGISTER sip:${BRANCH} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${user}${port}`,
    `From: <sip:${user}@${BRANCH}>;tag=1`,
    `To: <sip:${user}@${BRANCH}>`,
    `Call-ID: ${user}-${port}`,
    'CSeq: 1 REGISTER',
    'Max-Forwards: 70',
    `Contact: <sip:${user}@127.0.0.1:${port}>`,
    'Content-Length: 0',
  ];
  socket.send(`${message.join('\r\n')}\r\n\r\n`, 5060, BRANCH);
  const text = await answer;
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return text;
}

describeWithPeers('SIP phones of a branch', ['baresip', 'asterisk22', 'tshark'], () => {
  let centre: Asterisk;
  let office: Appliance;
  let capture: Capture;
  let desk: Baresip;
  let workshop: Baresip;

  beforeAll(async () => {
    capture = await Capture.start(`udp port 5060 and host ${BRANCH}`);
    centre = await startCentre('22');
    office = await startBranch({ sections: SIP, dialplan: DIALPLAN });
    desk = await Baresip.start({ user: '211', secret: 'secret-211', server: SERVER, hz: 700 });
    workshop = await Baresip.start({ user: '212', secret: 'secret-212', server: SERVER, hz: 1500 });
    await office.waitForStatus('both phones to be registered', 10_000, ({ phones }) =>
      ['211', '212'].every((user) => phones[user]?.state === 'registered'),
    );
  });

  afterEach(async () => {
    await desk.command('hangupall');
    await workshop.command('hangupall');
    await office.rest(1);
  });

  afterAll(async () => {
    await desk?.dispose();
    await workshop?.dispose();
    await office?.dispose();
    await centre?.dispose();
    await capture?.dispose();
  });

  /** The second of its last call in which the phone heard a tone best. */
  function heardBy(phone: Baresip, hz: number): Int16Array {
    const heard = clearest(phone.heard(), hz);
    expect(heard).toHaveLength(8_000);
    return heard;
  }

  test('are shown with where they are; who is not there is unregistered', async () => {
    const { phones } = await office.status();
    expect(phones['211']).toMatchObject({ state: 'registered', extension: '211', name: 'Reception' });
    expect(phones['211']!.contact).toMatch(/^sip:211[^@]*@127\.0\.0\.1:\d+/);
    expect(phones['213']).toMatchObject({ state: 'unregistered', contact: null });
  });

  test('are challenged alike, whether there is such a user or not', async () => {
    const shape = (text: string) => text.replace(/nonce="[^"]*"|tag=\w+|213|299|\d{5}|z9hG4bK\w+/g, '');
    const [known, unknown] = [await ask('213'), await ask('299')];
    expect(known).toMatch(/^SIP\/2\.0 401 /);
    expect(shape(unknown)).toBe(shape(known));
  });

  test('hear the test tone at its level', async () => {
    await desk.dial('601');
    await desk.waitForEvent('CALL_ESTABLISHED');
    await desk.waitForRecording(2.5);
    await desk.command('hangup');
    await desk.waitForEvent('CALL_CLOSED');
    await office.waitForNoCalls();
    const heard = heardBy(desk, 1004);
    expect(strongestHz(heard)).toBeCloseTo(1004, 0);
    expect(Math.abs(toneDbm0(heard, 1004))).toBeLessThan(0.7);
  });

  test('call each other: each hears the other, and the one who is called hangs up', async () => {
    workshop.forget();
    await desk.dial('212');
    const call = await workshop.waitForEvent('CALL_INCOMING');
    expect(call).toMatchObject({ peerdisplayname: 'Reception' });
    expect(call.peeruri).toContain('sip:211@');
    await desk.waitForEvent('CALL_RINGING');
    await workshop.command('accept');
    await desk.waitForEvent('CALL_ESTABLISHED');
    for (const phone of [desk, workshop]) await phone.waitForRecording(2);
    expect((await office.status()).calls).toMatchObject([{ from: '211', to: '212', state: 'talking' }]);
    await workshop.command('hangup');
    await desk.waitForEvent('CALL_CLOSED');
    await workshop.waitForEvent('CALL_CLOSED');
    await office.waitForNoCalls();
    expect(strongestHz(heardBy(desk, 1500))).toBeCloseTo(1500, 0);
    expect(strongestHz(heardBy(workshop, 700))).toBeCloseTo(700, 0);
  });

  test('hold and resume a call', async () => {
    workshop.forget();
    await desk.dial('212');
    await workshop.waitForEvent('CALL_INCOMING');
    await workshop.command('accept');
    await desk.waitForEvent('CALL_ESTABLISHED');
    await desk.command('hold');
    await office.waitForStatus('the call to be held', 5_000, ({ calls }) => calls[0]?.state === 'held');
    await desk.command('resume');
    await office.waitForStatus('the call to go on', 5_000, ({ calls }) => calls[0]?.state === 'talking');
    await desk.command('hangup');
    await workshop.waitForEvent('CALL_CLOSED');
  });

  test('ring a telephone on a line, talk with it, and are hung up by it', async () => {
    await desk.dial('201');
    await office.waitForLine(1, 'ringing', 5_000);
    await office.lift(1);
    await desk.waitForEvent('CALL_ESTABLISHED');
    const before = desk.recordedBytes;
    await office.say(1, Int16Array.from(sine(1200, -10, 4_000)));
    await waitForTone(office, 1, { hz: 700 });
    await desk.waitForRecording(2, 8_000, before);
    await office.hangUp(1);
    await desk.waitForEvent('CALL_CLOSED');
    await office.waitForNoCalls();
    expect(toneDbm0(clearest(desk.heard(), 1200, 4_000), 1200)).toBeGreaterThan(-13);
  });

  test('are called by a telephone on a line', async () => {
    workshop.forget();
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, '212');
    const call = await workshop.waitForEvent('CALL_INCOMING');
    expect(call.peeruri).toContain('sip:201@');
    await workshop.command('accept');
    await office.waitForLine(1, 'talking', 5_000);
    await office.hangUp(1);
    await workshop.waitForEvent('CALL_CLOSED');
  });

  /** Dials a code and hangs up once it was confirmed. */
  async function order(code: string): Promise<void> {
    await desk.dial(code);
    await desk.waitForEvent('CALL_ESTABLISHED');
    await desk.command('hangup');
    await office.waitForNoCalls();
  }

  test('send their calls on by a code, to a phone here and to head office, which is told for whom they were', async () => {
    await order('*72212');
    workshop.forget();
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 5_000);
    await office.dial(1, '211');
    const call = await workshop.waitForEvent('CALL_INCOMING');
    expect(call.peeruri).toContain('sip:201@');
    expect(workshop.log).toMatch(/^Diversion: .*sip:211@/m);
    await office.hangUp(1);
    await workshop.waitForEvent('CALL_CLOSED');
    await office.waitForNoCalls();

    await order('*727614');
    await workshop.dial('211');
    await centre.waitForLog(/CALLED FOR RDNIS=211 BY=212\./, 10_000);
    await workshop.waitForEvent('CALL_CLOSED');
    await order('*72');
  });

  test('call over IAX2, hear the tone of the centre at its level, and their digits arrive there', async () => {
    await desk.dial('7601');
    await desk.waitForEvent('CALL_ESTABLISHED');
    await desk.waitForRecording(2.5);
    await desk.command('hangup');
    await office.waitForNoCalls();
    const heard = heardBy(desk, 1004);
    expect(strongestHz(heard)).toBeCloseTo(1004, 0);
    expect(Math.abs(toneDbm0(heard, 1004))).toBeLessThan(0.7);

    await centre.cli('dialplan set global WANTED 4');
    await desk.dial('7607');
    await desk.waitForEvent('CALL_ESTABLISHED');
    await pause(500);
    for (const digit of '2879') {
      await desk.command('sndcode', digit);
      await pause(300);
    }
    await centre.waitForLog(/READ-DIGITS=2879=/, 10_000);
    await desk.command('hangup');
  });

  test.each([
    ['a busy number', '602', /486/],
    ['a number that is in no dialplan', '555', /404/],
    ['a phone that is not registered', '213', /480|404|50\d/],
    ['a number that the centre refuses as busy', '7602', /486/],
  ])('hear from %s why it cannot be', async (_what, number, reason) => {
    await desk.dial(number);
    const closed = await desk.waitForEvent('CALL_CLOSED');
    expect(closed.param).toMatch(reason);
    await office.waitForNoCalls(15_000);
  });

  test('give up while it rings, and the other stops ringing', async () => {
    workshop.forget();
    await desk.dial('212');
    await workshop.waitForEvent('CALL_INCOMING');
    await desk.command('hangup');
    await workshop.waitForEvent('CALL_CLOSED');
  });

  test('are still registered after a restart of the office, without having to do anything', async () => {
    await office.stop();
    await office.start();
    const { phones } = await office.status();
    expect(['211', '212', '213'].map((user) => phones[user]!.state)).toEqual([
      ...['registered', 'registered', 'unregistered'],
    ]);
    await desk.dial('602');
    expect((await desk.waitForEvent('CALL_CLOSED')).param).toMatch(/486/);
  });

  test('that are added to the configuration may register at once', async () => {
    const more = SIP.replace('"213":', '"214": { secret: secret-214, context: office }\n    "213":');
    office.configure(branchConfig({ sections: more, dialplan: DIALPLAN }));
    office.signal('SIGHUP');
    await office.waitForStatus('phone 214', 5_000, ({ phones }) => phones['214']?.state === 'unregistered');
    const added = await Baresip.start({ user: '214', secret: 'secret-214', server: SERVER });
    try {
      const { phones } = await office.waitForStatus('its registration', 10_000, (status) => {
        return status.phones['214']?.state === 'registered';
      });
      expect(phones['211']!.state).toBe('registered');
    } finally {
      await added.dispose();
    }
  });

  test('go on while another at the same address guesses secrets and is locked out', async () => {
    const impostor = await Baresip.start({ user: '213', secret: 'wrong', server: SERVER });
    try {
      await office.waitForStatus('the lockout', 20_000, ({ dropped }) => (dropped['sip.locked-out-request'] ?? 0) > 0);
      expect((await office.status()).phones['213']!.state).toBe('unregistered');
      await desk.dial('602');
      expect((await desk.waitForEvent('CALL_CLOSED')).param).toMatch(/486/);
    } finally {
      await impostor.dispose();
    }
  });

  test('send and get no message that the dissector finds malformed', async () => {
    await capture.stop();
    expect(await capture.count(`sip && ip.src == ${BRANCH}`)).toBeGreaterThan(50);
    expect(await capture.expertErrors(`ip.src == ${BRANCH}`)).toEqual([]);
    expect(await capture.count(`ip.src == ${BRANCH} && udp.srcport == 5060 && !sip`)).toBe(0);
  });
});
