import { describe, expect, it } from 'vitest';
import type { InformationElements } from '../../../src/iax2/information-element.ts';
import { Probe } from '../../support/iax2-probe.ts';
import { peer, Switch } from '../../support/iax2-world.ts';
import { Network } from '../../support/network.ts';

const HERE = { ip: '192.0.2.1', port: 4569 };
const PHONE = { ip: '192.0.2.3', port: 4569 };

/** What our switch says of a call that the far end hangs up. */
function endOf(ies: InformationElements, isAnswered: boolean) {
  const network = new Network(1);
  const here = new Switch(network, HERE, 1, { peers: [peer({ name: 'phone', host: 'dynamic', secrets: [] })] });
  here.onCall = (leg, event, nowMs) => {
    if (event.type === 'incoming' && isAnswered) leg.answer(nowMs);
  };
  const phone = new Probe(network, PHONE, HERE);
  const heard = phone.open('NEW', { version: 2, username: 'phone', calledNumber: '201', capability: 4n });
  phone.iax('HANGUP', ies, { destinationCall: heard[0]!.frame.sourceCall, oseqno: 1, iseqno: heard.length });
  return here.eventsOf(here.incoming[0]!).at(-1);
}

describe('a HANGUP [RFC5456 §6.2.5]', () => {
  it.each([
    [{}, true, 'normal-clearing'],
    [{}, false, 'normal-clearing'],
    [{ causeCode: 17 }, false, 'user-busy'],
    [{ causeCode: 20 }, false, 'subscriber-absent'],
    [{ causeCode: 0 }, false, 'normal-unspecified'],
  ] as const)('with %j, of a call that was answered: %s, means %s', (ies, isAnswered, cause) => {
    expect(endOf(ies, isAnswered)).toMatchObject({ type: 'hangup', cause, by: 'far-end' });
  });

  it('of Asterisk without a cause of its own (0) ends a conversation as any does', () => {
    expect(endOf({ causeCode: 0 }, true)).toMatchObject({ type: 'hangup', cause: 'normal-clearing', by: 'far-end' });
  });
});
