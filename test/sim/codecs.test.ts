import { describe, expect, it } from 'vitest';
import { type FormatName, formatName } from '../../src/iax2/media-format.ts';
import { Site } from '../support/branch-world.ts';
import { peer, Switch } from '../support/iax2-world.ts';
import { FAIR, Network } from '../support/network.ts';

const HERE = { ip: '192.0.2.1', port: 4569 };
const THERE = { ip: '192.0.2.2', port: 4569 };
const HUB = { ip: '192.0.2.10', port: 4569 };

/** Two switches with a hub of ours between them; each names its codecs in its own order. */
function world(codecs: { readonly here: FormatName[]; readonly hub: FormatName[]; readonly there: FormatName[] }) {
  const network = new Network(1, FAIR);
  const hub = new Site(network, {
    address: HUB,
    seed: 1,
    peers: [
      peer({ name: 'here', host: HERE.ip, username: 'hub', context: 'all', codecs: codecs.hub }),
      peer({ name: 'there', host: THERE.ip, username: 'hub', context: 'all', codecs: codecs.hub }),
    ],
    extensions: ['201'],
    dialplan:
      '[all]\nexten => 2,1,Dial(IAX2/there/2)\nexten => 3,1,Dial(Local/2@all)\nexten => 201,1,Dial(LINE/1)\n[office]\nexten => 2,1,Dial(IAX2/there/2)\n',
  });
  const other = (address: typeof HERE, username: string, seed: number, own: FormatName[]) =>
    new Switch(network, address, seed, { peers: [peer({ name: 'hub', host: HUB.ip, username, codecs: own })] });
  const here = other(HERE, 'here', 2, codecs.here);
  const there = other(THERE, 'there', 3, codecs.there);
  there.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') call.answer(nowMs);
  };
  const dial = (number: string) => {
    const call = here.dial('hub', number);
    network.runFor(2_000);
    return call;
  };
  return { network, hub, here, there, dial };
}

describe('a call that the switch joins', () => {
  it.each(['2', '3'])('goes on in the codec in which it came, if that can only be carried, to %s', (number) => {
    const { there, dial } = world({ here: ['gsm'], hub: ['gsm', 'ulaw'], there: ['ulaw', 'gsm'] });
    const call = dial(number);
    expect(call.state).toBe('up');
    expect([call.format, there.incoming[0]!.format].map(formatName)).toEqual(['gsm', 'gsm']);
  });

  it('goes on in either law of G.711, whatever the far end would rather have', () => {
    const { there, dial } = world({ here: ['alaw'], hub: ['alaw', 'gsm', 'ulaw'], there: ['gsm', 'ulaw'] });
    const call = dial('2');
    expect([call.format, there.incoming[0]!.format].map(formatName)).toEqual(['alaw', 'ulaw']);
  });

  it('fails with cause 58 where the far end has no codec in common, and leaves nothing behind', () => {
    const { network, hub, here, there, dial } = world({ here: ['gsm'], hub: ['gsm', 'ulaw'], there: ['ulaw'] });
    const call = dial('2');
    expect(here.eventsOf(call).at(-1)).toMatchObject({ type: 'hangup', cause: 'bearer-unavailable' });
    network.runFor(120_000);
    expect(there.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
    expect(hub.appliance.isIdle).toBe(true);
  });

  it('does not ring a telephone in a codec that it cannot hear', () => {
    const { hub, here, dial } = world({ here: ['gsm'], hub: ['gsm', 'ulaw'], there: ['ulaw'] });
    const call = dial('201');
    expect(here.eventsOf(call).at(-1)).toMatchObject({ type: 'hangup', cause: 'bearer-unavailable' });
    expect(hub.lineState(1)).toBe('idle');
  });

  it('of a telephone is offered in G.711 only', () => {
    const { network, hub, there } = world({ here: ['ulaw'], hub: ['gsm', 'ulaw'], there: ['gsm', 'ulaw'] });
    hub.dial(1, '2');
    network.runFor(6_000);
    expect(there.incoming.map(({ format }) => formatName(format))).toEqual(['ulaw']);
  });
});
