import { describe, expect, it } from 'vitest';
import { featuresOffice } from '../support/features-office.ts';

const DIALPLAN = `
[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => 220,1,Dial(LINE/1&SIP/211,20)
exten => *8,1,Pickup()
exten => _*8X.,1,Pickup(\${EXTEN:2})
[town]
exten => s,1,Dial(LINE/1,60)
`;

describe('call pickup', () => {
  it('answers at a line the call that rings at another telephone of the office', () => {
    const { site, network, state, desk, door, until, expectEmpty } = featuresOffice(DIALPLAN);
    const out = door.dial('office', '211');
    until('the phone rings', () => desk.incoming.length === 1);
    site.dial(2, '*8#');
    until('they talk', () => state(2) === 'talking' && out.state === 'up', 12_000);
    until('the phone rings no more', () => desk.incoming[0]?.state === 'gone');
    expect(site.appliance.calls()).toMatchObject([{ from: '212', to: '211', state: 'talking' }]);
    site.hangUp(2);
    until('the caller is let go', () => out.state === 'gone');
    network.runFor(1_000);
    expectEmpty();
  });

  it('answers at a SIP phone what rings at a certain line, though another telephone has rung for longer', () => {
    const { site, network, state, desk, door, until, end, expectEmpty } = featuresOffice(DIALPLAN);
    site.dial(3, '212');
    until('the first rings', () => door.incoming.length === 1);
    site.dial(2, '201');
    until('the second rings', () => state(1) === 'ringing');
    const picked = desk.dial('office', '*8201');
    until('they talk', () => picked.state === 'up' && state(2) === 'talking');
    network.runFor(500);
    expect([state(1), state(3)]).toEqual(['idle', 'calling']);
    end(desk, picked);
    until('the caller hears that it is over', () => state(2) !== 'talking');
    expectEmpty();
  });

  it('takes a call to several telephones from all of them', () => {
    const { site, state, desk, door, until, expectEmpty } = featuresOffice(DIALPLAN);
    const out = door.dial('office', '220');
    until('all ring', () => state(1) === 'ringing' && desk.incoming.length === 1);
    site.dial(3, '*8201');
    until('they talk', () => state(3) === 'talking' && out.state === 'up', 12_000);
    until('nobody rings', () => state(1) === 'idle' && desk.incoming[0]?.state === 'gone');
    expectEmpty();
  });

  it('is refused where nothing rings, or where an emergency centre calls back', () => {
    const { site, state, until, callBackFromCentre, expectEmpty } = featuresOffice(DIALPLAN, {
      townLines: [4],
      emergency: { townLines: ['LINE/4'] },
    });
    site.dial(2, '*8#');
    until('it is refused', () => state(2) === 'congestion', 12_000);
    site.hangUp(2);
    callBackFromCentre(1);
    site.dial(2, '*8#');
    until('it is refused', () => state(2) === 'congestion', 12_000);
    expect(state(1)).toBe('ringing');
    site.exchange(4).clear();
    expectEmpty();
  });
});
