import { describe, expect, it } from 'vitest';
import { Site } from '../support/branch-world.ts';
import { peer } from '../support/iax2-world.ts';
import { FAIR, Network } from '../support/network.ts';

const CENTRE = { ip: '192.0.2.10', port: 4569 };
const BRANCH = { ip: '192.0.2.20', port: 4569 };

/** A branch with two lines whose one way out is the centre, where line 1 is the emergency centre. */
function world(options: { readonly centreAnswers?: boolean } = {}) {
  const network = new Network(112, FAIR);
  const centre = new Site(network, {
    address: CENTRE,
    seed: 1,
    // A switch, not a telephone: its emergency calls are the dialplan's.
    peers: [peer({ name: 'branch', host: BRANCH.ip, type: 'friend', context: 'from-branch' })],
    extensions: ['301'],
    dialplan: `
[from-branch]
exten => _1XX,1,Dial(LINE/1)
[office]
exten => _0472XXXXXX,1,Dial(IAX2/branch/\${EXTEN})
`,
  });
  const branch = new Site(network, {
    address: BRANCH,
    seed: 2,
    peers: [peer({ name: 'hq', host: CENTRE.ip, username: 'branch', context: 'from-hq', register: { refreshS: 60 } })],
    extensions: ['201', '202'],
    dialplan: `
[office]
exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => _112X,1,Echo
exten => _0.,1,Hangup(1)
[from-hq]
exten => _0.,1,Dial(LINE/2)
`,
    emergency: { via: [{ channel: 'IAX2/hq', callerId: '+33472000001' }] },
  });
  centre.host.isDown = options.centreAnswers === false;
  const until = (what: string, condition: () => boolean, boundMs = 8_000) => {
    const endMs = network.nowMs + boundMs;
    while (!condition() && network.nowMs < endMs) network.runFor(10);
    expect(condition(), `${what} within ${boundMs} ms`).toBe(true);
  };
  network.runFor(2_000);
  return { network, branch, centre, until };
}

describe('an emergency call from a line', () => {
  it('reaches the centre, which is shown the number with the address, and is marked', () => {
    const { branch, centre, until } = world();
    branch.dial(1, '115');
    until('the emergency centre rings', () => centre.lineState(1) === 'ringing');
    expect(centre.phones.line(1)).toMatchObject({ value: { callerId: '+33472000001' } });
    centre.lift(1);
    until('they talk', () => branch.lineState(1) === 'talking');
    expect(branch.appliance.calls()).toMatchObject([{ to: '115', emergency: true }]);
    branch.hangUp(1);
    until('it is over', () => branch.appliance.calls().length === 0);
    expect(branch.happened).toEqual(['placed', 'connected', 'ended']);
  });

  it('is made 3 s after the last digit where a longer number begins with it', () => {
    const { network, branch, centre, until } = world();
    branch.dial(1, '112');
    network.runFor(2_500);
    expect(branch.lineState(1)).toBe('dialling');
    until('the emergency centre rings', () => centre.lineState(1) === 'ringing', 3_000);
  });

  it('is rung back by a call to the number that it showed, whatever the dialplan has for that number', () => {
    const { network, branch, centre, until } = world();
    branch.dial(1, '115');
    until('the emergency centre rings', () => centre.lineState(1) === 'ringing');
    centre.lift(1);
    until('they talk', () => branch.lineState(1) === 'talking');
    branch.hangUp(1);
    centre.hangUp(1);
    network.runFor(3_000);
    centre.dial(1, '0472000001');
    until('the telephone that called rings', () => branch.lineState(1) === 'ringing');
    expect(branch.lineState(2)).toBe('idle');
    branch.lift(1);
    until('they talk', () => centre.lineState(1) === 'talking');
  });

  it('hears that no way leads out, and gets through as soon as one does', () => {
    const { network, branch, centre, until } = world({ centreAnswers: false });
    branch.dial(1, '115');
    until('no way is left', () => branch.happened.includes('no-way'), 30_000);
    network.runFor(1_000);
    expect(branch.hearsOneOf(1, [950, 1400, 1800, 0])).toBe(true);
    network.runFor(60_000);
    expect(branch.lineState(1)).toBe('calling');
    centre.host.isDown = false;
    until('the emergency centre rings', () => centre.lineState(1) === 'ringing', 30_000);
  });

  it('is made while the branch is about to stop', () => {
    const { branch, centre, until } = world();
    branch.appliance.drain();
    branch.dial(1, '115');
    until('the emergency centre rings', () => centre.lineState(1) === 'ringing');
  });
});
