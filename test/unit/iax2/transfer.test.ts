import { describe, expect, it } from 'vitest';
import { allowOnly } from '../../../src/iax2/acl.ts';
import type { PeerConfig } from '../../../src/iax2/endpoint.ts';
import { FRAME_TYPE } from '../../../src/iax2/subclass.ts';
import { Probe } from '../../support/iax2-probe.ts';
import { peer, Switch } from '../../support/iax2-world.ts';
import { Network } from '../../support/network.ts';

const HERE = { ip: '192.0.2.1', port: 4569 };
const HUB = { ip: '192.0.2.2', port: 4569 };
const PARTY = { ip: '192.0.2.3', port: 4569 };
const ALLOWED: Partial<PeerConfig> = { transfer: { mode: 'full', targets: allowOnly(['192.0.2.0/24'])! } };

/** A call from the hub that was answered; TXREQ sends it to call 77 of the third party. */
function call(fields: Partial<PeerConfig>) {
  const network = new Network(1);
  const here = new Switch(network, HERE, 1, { peers: [peer({ name: 'hub', host: HUB.ip, secrets: [], ...fields })] });
  here.onCall = (leg, event, nowMs) => {
    if (event.type === 'incoming') leg.answer(nowMs);
  };
  const hub = new Probe(network, HUB, HERE);
  const party = new Probe(network, PARTY, HERE);
  const [accept] = hub.open('NEW', { version: 2, username: 'hub', calledNumber: '201', capability: 4n });
  const destinationCall = accept!.frame.sourceCall;
  const leg = here.incoming[0]!;
  const ask = () =>
    hub.iax(
      'TXREQ',
      { apparentAddress: PARTY, callNumber: 77, transferId: 5 },
      { destinationCall, oseqno: 1, iseqno: 2 },
    );
  return { network, here, hub, party, destinationCall, leg, ask };
}

const names = (heard: readonly { name: string }[]) => heard.map(({ name }) => name);

describe('native transfer, at the end of it [RFC5456 §6.5]', () => {
  it('is refused unless the configuration allows it, and to whom [RFC5456 §6.5.1] [RFC5456 §6.5.7]', () => {
    for (const fields of [{}, { transfer: { mode: 'full', targets: [] } } as const]) {
      const { here, party, ask } = call(fields);
      expect(names(ask())).toEqual(['TXREJ']);
      expect(party.heard).toEqual([]);
      expect(here.counters.get('iax2.transfer-refused')).toBe(1);
    }
    const { party, ask } = call({ transfer: { mode: 'full', targets: allowOnly(['203.0.113.0/24'])! } });
    expect(names(ask())).toEqual(['TXREJ']);
    expect(party.heard).toEqual([]);
  });

  it('reaches the other party, tells the hub, and goes on with the other party from sequence number 0 [RFC5456 §6.5.2] [RFC5456 §6.5.3] [RFC5456 §6.5.4] [RFC5456 §6.5.5]', () => {
    const { network, here, hub, party, destinationCall, leg, ask } = call(ALLOWED);
    expect(names(ask())).toEqual(['ACK']);
    expect(party.heard[0]).toMatchObject({ name: 'TXCNT', ies: { transferId: 5 }, frame: { destinationCall: 77 } });
    const fromParty = { sourceCall: 77, destinationCall };
    expect(names(party.iax('TXCNT', { transferId: 5 }, fromParty))).toContain('TXACC');
    party.iax('TXACC', {}, fromParty);
    expect(hub.heard.at(-1)).toMatchObject({ name: 'TXREADY', ies: { callNumber: destinationCall, transferId: 5 } });
    const released = hub.iax('TXREL', { callNumber: 77 }, { destinationCall, oseqno: 2, iseqno: 3 });
    expect(names(released)).toEqual(['ACK']);
    expect(here.media.streams.get(leg.stream)).toMatchObject({ remote: PARTY, remoteCall: 77 });
    here.with(leg, (c, now) => c.sendText('directly', now));
    network.runFor(20);
    expect(party.heard.at(-1)!.frame).toMatchObject({ frameType: FRAME_TYPE.TEXT, oseqno: 0, destinationCall: 77 });
    party.iax('HANGUP', {}, { ...fromParty, oseqno: 0, iseqno: 1 });
    expect(here.eventsOf(leg).at(-1)).toMatchObject({ type: 'hangup', by: 'far-end' });
    expect(here.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
  });

  it('of the media only leaves the signalling with the hub, until a TXREL brings it along [RFC5456 §6.5.5] [RFC5456 §6.5.6]', () => {
    const { network, here, hub, party, destinationCall, leg, ask } = call(ALLOWED);
    ask();
    party.iax('TXACC', {}, { sourceCall: 77, destinationCall });
    hub.iax('TXMEDIA', { callNumber: 77 }, { destinationCall, oseqno: 2, iseqno: 3 });
    expect(here.media.streams.get(leg.stream)).toMatchObject({ remote: PARTY, remoteCall: 77 });
    here.with(leg, (c, now) => c.sendText('by the hub', now));
    network.runFor(20);
    expect(hub.heard.at(-1)!.frame.frameType).toBe(FRAME_TYPE.TEXT);
    hub.iax('TXREL', { callNumber: 77 }, { destinationCall, oseqno: 3, iseqno: 4 });
    here.with(leg, (c, now) => c.sendText('directly', now));
    network.runFor(20);
    expect(party.heard.at(-1)!.frame).toMatchObject({ frameType: FRAME_TYPE.TEXT, oseqno: 0 });
  });

  it('is given up when the other party does not answer, and the call stays with the hub', () => {
    const { network, here, hub, leg, ask } = call(ALLOWED);
    ask();
    network.runFor(4_500);
    expect(names(hub.heard)).toContain('TXREJ');
    expect(leg.state).toBe('up');
    expect(here.media.streams.get(leg.stream)).toMatchObject({ remote: HUB });
  });

  it('frames of the other party mean nothing without a transfer', () => {
    const { here, party, destinationCall, leg } = call(ALLOWED);
    expect(names(party.iax('TXCNT', {}, { sourceCall: 77, destinationCall }))).toEqual(['INVAL']);
    expect(leg.state).toBe('up');
    expect(here.counters.get('iax2.unknown-call')).toBe(1);
  });
});
