import { expect, it } from 'vitest';
import { utf8Decode } from '../../src/base/bytes.ts';
import { decodeFrame } from '../../src/iax2/frame.ts';
import { decodeInformationElements, type InformationElements } from '../../src/iax2/information-element.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../src/iax2/subclass.ts';
import { Site } from '../support/branch-world.ts';
import { peer } from '../support/iax2-world.ts';
import { FAIR, Network } from '../support/network.ts';
import { office, phone, SipSwitch } from '../support/sip-world.ts';

const CENTRE = { ip: '192.0.2.10', port: 4569 };
const BRANCH = { ip: '192.0.2.20', port: 4569 };
const DESK = { ip: '192.0.2.31', port: 5060 };

/** A centre whose line calls into a branch, and what goes from the branch to whom it calls. */
function world(identity: string, options = '') {
  const network = new Network(57, FAIR);
  const centre = new Site(network, {
    address: CENTRE,
    seed: 1,
    peers: [peer({ name: 'branch', host: BRANCH.ip, type: 'friend', context: 'from-branch' })],
    extensions: ['301'],
    dialplan: `
[office]
exten => _2XX,1,NoOp
${identity}
 same => n,Dial(IAX2/branch/\${EXTEN}${options})
[from-branch]
exten => 302,1,Answer
 same => n,Wait(10)
`,
  });
  new Site(network, {
    address: BRANCH,
    seed: 2,
    peers: [peer({ name: 'hq', host: CENTRE.ip, type: 'friend', username: 'branch', context: 'from-hq' })],
    extensions: ['201'],
    dialplan: `
[office]
exten => 999,1,Hangup
[from-hq]
exten => 211,1,Dial(SIP/211,20)
exten => 202,1,Dial(IAX2/hq/302,20)
`,
    sip: { phones: [{ ...phone('211'), extension: '211', name: 'Desk' }], trunks: [] },
  });
  new SipSwitch(network, DESK, 11, { trunks: [office(BRANCH, '211')] });
  network.runFor(3_000);
  const invites: string[] = [];
  const calls: InformationElements[] = [];
  network.tap = (from, to, bytes) => {
    const text = utf8Decode(bytes);
    if (to.ip === DESK.ip && text.startsWith('INVITE ')) invites.push(text);
    if (from.ip !== BRANCH.ip || to.ip !== CENTRE.ip || text.includes('SIP/2.0')) return;
    const frame = decodeFrame(bytes);
    if (frame.type !== 'full' || frame.frameType !== FRAME_TYPE.IAX || frame.subclass !== IAX_SUBCLASS.NEW) return;
    const ies = decodeInformationElements(frame.body);
    if (!isMalformed(ies)) calls.push(ies);
  };
  centre.phones.apply(1, { hook: 'off' });
  network.runFor(700);
  return {
    dial: (number: string) => {
      centre.phones.apply(1, { dial: number });
      network.runFor(5_000);
    },
    invites,
    calls,
  };
}

const SECRETIVE = ` same => n,Set(CALLERID(num)=5551234)
 same => n,Set(CALLERID(pres)=prohib)`;

it('hides from a SIP phone a caller who came by IAX2 and must not be shown [RFC5456 §8.6.29] [RFC3323 §4.2]', () => {
  const { dial, invites } = world(SECRETIVE);
  dial('211');
  expect(invites[0]).toMatch(/^From: .*anonymous@anonymous\.invalid/m);
  expect(invites[0]).toMatch(/^Privacy: id/m);
  expect(invites[0]).not.toContain('5551234');
});

it('asks a SIP phone to answer by itself when the caller over IAX2 asks for that [RFC5456 §8.6.22]', () => {
  const plain = world('');
  plain.dial('211');
  expect(plain.invites[0]).not.toContain('answer-after');
  const { dial, invites } = world('', '/a');
  dial('211');
  expect(invites[0]).toMatch(/^Call-Info: <.*>;answer-after=0/m);
  expect(invites[0]).toMatch(/^Alert-Info: <.*>;info=alert-autoanswer/m);
});

it('carries presentation, type of number, ANI II digits and the wish for an automatic answer from call to call', () => {
  const identity = `${SECRETIVE}
 same => n,Set(CALLERID(ton)=33)
 same => n,Set(CALLERID(ani2)=62)`;
  const { dial, calls } = world(identity, '/a');
  dial('202');
  expect(calls[0]).toMatchObject({
    callingNumber: '5551234',
    callingPresentation: 35,
    callingTypeOfNumber: 33,
    callingAni2: 62,
    autoAnswer: true,
  });
});
