import { describe, expect, it } from 'vitest';
import { utf8Encode } from '../../src/base/bytes.ts';
import { CONTROL_SUBCLASS, HTML_SUBCLASS } from '../../src/iax2/subclass.ts';
import { Site } from '../support/branch-world.ts';
import { peer, Switch } from '../support/iax2-world.ts';
import { FAIR, Network, ROUGH } from '../support/network.ts';

const NODE_A = { ip: '192.0.2.1', port: 4569 };
const NODE_B = { ip: '192.0.2.2', port: 4569 };
const HUB = { ip: '192.0.2.10', port: 4569 };
const SEEDS = 50;
const JPEG = 0x10000;

/** Two radio nodes that talk through our switch, as nodes of AllStarLink do: the key is a control frame, the rest is text. */
function world(seed: number) {
  const network = new Network(seed, seed % 2 === 0 ? FAIR : ROUGH);
  const hub = new Site(network, {
    address: HUB,
    seed: 3 * seed,
    peers: [
      peer({ name: 'node-a', host: NODE_A.ip, username: 'hub', context: 'nodes' }),
      peer({ name: 'node-b', host: NODE_B.ip, username: 'hub', context: 'nodes' }),
    ],
    extensions: ['201'],
    dialplan: '[nodes]\nexten => 2,1,Dial(IAX2/node-b/2)\nexten => 201,1,Dial(LINE/1)\n[office]\n',
  });
  const node = (address: typeof NODE_A, own: string, offset: number) =>
    new Switch(network, address, 3 * seed + offset, {
      peers: [peer({ name: 'hub', host: HUB.ip, username: own })],
    });
  const [a, b] = [node(NODE_A, 'node-a', 1), node(NODE_B, 'node-b', 2)];
  b.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') call.answer(nowMs);
  };
  return { network, hub, a, b };
}

describe('radio nodes through the switch', () => {
  it(`get each other's keys and texts in order and untouched [RFC5456 §8.3] [RFC5456 §8.2.7], ${SEEDS} seeds`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { network, hub, a, b } = world(seed);
      const here = a.dial('hub', '2');
      network.runFor(2_000);
      expect(here.state, `seed ${seed}`).toBe('up');
      const there = b.incoming[0]!;
      const said = (one: Switch, call: typeof here) =>
        one
          .eventsOf(call)
          .flatMap((event) =>
            event.type === 'control'
              ? [`${event.subclass} ${[...event.payload].join('.')}`]
              : event.type === 'text'
                ? [event.text]
                : [],
          );
      a.with(here, (call, nowMs) => {
        call.sendControl(CONTROL_SUBCLASS.RADIO_KEY, new Uint8Array(), nowMs);
        call.sendText('L 1999', nowMs);
        call.sendControl(CONTROL_SUBCLASS.RADIO_UNKEY, new Uint8Array(), nowMs);
        call.sendControl(CONTROL_SUBCLASS.OPTION, utf8Encode('\u0001é'), nowMs);
      });
      b.with(there, (call, nowMs) => {
        call.sendText('!NEWKEY!', nowMs);
        call.sendControl(CONTROL_SUBCLASS.RADIO_KEY, new Uint8Array([1, 2]), nowMs);
      });
      network.runFor(3_000);
      expect(said(b, there), `seed ${seed}`).toEqual(['12 ', 'L 1999', '13 ', '11 1.195.169']);
      expect(said(a, here), `seed ${seed}`).toEqual(['!NEWKEY!', '12 1.2']);
      a.with(here, (call, nowMs) => call.hangup('normal-clearing', nowMs));
      network.runFor(120_000);
      for (const one of [a, b])
        expect(one.endpoint.load, `seed ${seed}`).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
      expect(hub.appliance.isIdle, `seed ${seed}`).toBe(true);
    }
  });

  it('get each other’s pages, pictures and silence [RFC5456 §6.10.5] [RFC5456 §6.10.6] [RFC5456 §6.10.7]', () => {
    const { network, a, b } = world(2);
    const here = a.dial('hub', '2');
    network.runFor(2_000);
    a.with(here, (call, nowMs) => {
      call.sendHtml(HTML_SUBCLASS.URL, utf8Encode('https://example.net/'), nowMs);
      call.sendImage(JPEG, new Uint8Array([0xff, 0xd8]), nowMs);
      call.sendComfortNoise(40, nowMs);
    });
    network.runFor(1_000);
    expect(b.eventsOf(b.incoming[0]!).slice(1)).toEqual([
      { type: 'html', subclass: HTML_SUBCLASS.URL, payload: utf8Encode('https://example.net/') },
      { type: 'image', format: JPEG, payload: new Uint8Array([0xff, 0xd8]) },
      { type: 'comfort-noise', level: 40 },
    ]);
  });

  it('hear that a telephone shows no pages [RFC5456 §6.10.6]', () => {
    const { network, hub, a } = world(1);
    const call = a.dial('hub', '201');
    network.runFor(1_000);
    hub.lift(1);
    network.runFor(1_000);
    a.with(call, (it, nowMs) => it.sendHtml(HTML_SUBCLASS.URL, utf8Encode('https://example.net/'), nowMs));
    network.runFor(1_000);
    expect(a.eventsOf(call).at(-1)).toEqual({
      type: 'html',
      subclass: HTML_SUBCLASS.NOSUPPORT,
      payload: new Uint8Array(0),
    });
  });

  it('do no harm to a telephone, which knows no keys', () => {
    const { network, hub, a } = world(1);
    const call = a.dial('hub', '201');
    network.runFor(1_000);
    hub.lift(1);
    network.runFor(1_000);
    expect(call.state).toBe('up');
    a.with(call, (it, nowMs) => it.sendControl(CONTROL_SUBCLASS.RADIO_KEY, new Uint8Array(), nowMs));
    network.runFor(1_000);
    expect(call.state).toBe('up');
    expect(hub.lineState(1)).toBe('talking');
  });
});
