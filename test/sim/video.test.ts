import { describe, expect, it } from 'vitest';
import { decodeFrame } from '../../src/iax2/frame.ts';
import { frameKind } from '../../src/iax2/frame-header.ts';
import { type FormatName, formatOf } from '../../src/iax2/media-format.ts';
import { FRAME_TYPE } from '../../src/iax2/subclass.ts';
import { Site } from '../support/branch-world.ts';
import { peer } from '../support/iax2-world.ts';
import { FAIR, Network, type Weather } from '../support/network.ts';
import { pictures, type VideoPacket, VideoStation } from '../support/video-station.ts';

const HERE = { ip: '192.0.2.1', port: 4569 };
const THERE = { ip: '192.0.2.2', port: 4569 };
const HUB = { ip: '192.0.2.10', port: 4569 };

interface WorldOptions {
  readonly weather?: Weather;
  readonly here?: FormatName[];
  readonly hub?: FormatName[];
  readonly there?: FormatName[];
  readonly encrypted?: boolean;
  readonly trunk?: boolean;
  readonly seed?: number;
}

/** Two ends with a camera and a screen each, and a switch of ours between them. */
function world({ weather = FAIR, encrypted = false, trunk = false, seed = 1, ...codecs }: WorldOptions = {}) {
  const { here = ['ulaw', 'h264'], hub = ['ulaw', 'h264', 'h263'], there = ['ulaw', 'h264'] } = codecs;
  const network = new Network(seed, weather);
  const more = {
    ...(encrypted ? { encryption: { method: 'aes128', force: true } as const } : {}),
    ...(trunk ? { trunk: 'timestamps' as const } : {}),
  };
  const site = new Site(network, {
    address: HUB,
    seed: 1,
    peers: [
      peer({ name: 'here', host: HERE.ip, username: 'hub', context: 'all', codecs: hub, ...more }),
      peer({ name: 'there', host: THERE.ip, username: 'hub', context: 'all', codecs: hub, ...more }),
    ],
    extensions: ['201'],
    dialplan:
      '[all]\nexten => 2,1,Dial(IAX2/there/2)\nexten => 3,1,Dial(Local/2@all)\nexten => 4,1,Answer()\nexten => 4,2,Echo()\n',
  });
  const station = (address: typeof HERE, username: string, own: FormatName[]) => {
    const peers = [peer({ name: 'hub', host: HUB.ip, username, codecs: own, ...more })];
    const format = own.map(formatOf).findLast((one) => one > 0x10000) ?? formatOf('h264');
    const end = new VideoStation({ peers, seed: address.ip.length + own.length, format });
    const host = network.add(address, end, () => {});
    host.input((_, nowMs) => end.endpoint.start(nowMs));
    return { end, host };
  };
  const a = station(HERE, 'here', here);
  const b = station(THERE, 'there', there);
  const dial = (number: string) => {
    let call: ReturnType<VideoStation['dial']> | undefined;
    a.host.input((_, nowMs) => (call = a.end.dial('hub', number, nowMs)));
    network.runFor(3_000);
    return call!;
  };
  /** One end shoots what it is given in its time. */
  const shoot = (from: typeof a, packets: readonly VideoPacket[]) => {
    let shown = 0;
    for (const packet of packets) {
      network.runFor(packet.timestamp - shown);
      shown = packet.timestamp;
      from.host.input((_, nowMs) => {
        from.end.shoot(packet, nowMs);
        from.end.settle(nowMs);
      });
    }
    network.runFor(2_000);
  };
  return { network, site, a, b, dial, shoot };
}

/** What came or went, in the 15 bits that a mini frame has of the time, from the first packet on. */
function relative(packets: readonly VideoPacket[]): string[] {
  return packets.map(({ timestamp, marker, payload }) => {
    const after = (timestamp - packets[0]!.timestamp) & 0x7fff;
    return `${after}${marker ? ' ends' : ''} ${Buffer.from(payload).toString('base64')}`;
  });
}

function key({ payload }: VideoPacket): number {
  return payload[0]! | (payload[1]! << 8);
}

describe('the picture of a call between two IAX2 ends', () => {
  it.each(['2', '3'])(
    'passes untouched, with its marks and its times, both ways, by number %s [RFC5456 §6.10.3]',
    (number) => {
      const { a, b, dial, shoot } = world();
      const call = dial(number);
      expect(call.state).toBe('up');
      expect(call.videoFormats).toEqual([formatOf('h264')]);
      const film = pictures(50);
      shoot(a, film);
      expect(relative(b.end.seen)).toEqual(relative(film));
      shoot(b, film);
      expect(relative(a.end.seen)).toEqual(relative(film));
    },
  );

  it('comes back from an echo', () => {
    const { a, dial, shoot } = world();
    dial('4');
    const film = pictures(10);
    shoot(a, film);
    expect(relative(a.end.seen)).toEqual(relative(film));
  });

  it('goes in video mini frames, with a full frame at the beginning and once in 32 s [RFC5456 §8.1.3.1]', () => {
    const { network, b, a, dial, shoot } = world();
    dial('2');
    const kinds: string[] = [];
    network.tap = (_from, to, bytes) => {
      if (to !== THERE && to.ip !== THERE.ip) return;
      const frame = decodeFrame(bytes);
      if (frame.type === 'video-mini') kinds.push('mini');
      else if (frame.type === 'full' && frame.frameType === FRAME_TYPE.VIDEO)
        kinds.push(`full ${frame.subclass} ${frame.marker}`);
    };
    const film = pictures(1_000, 1, 60);
    shoot(a, film);
    expect(b.end.seen).toHaveLength(1_000);
    expect(relative(b.end.seen)).toEqual(relative(film));
    const fulls = kinds.filter((kind) => kind !== 'mini');
    expect(kinds[0]).toBe(`full ${formatOf('h264')} true`);
    expect(fulls).toHaveLength(2);
  });

  it.each([false, true])(
    'has its full frame on the wire before the mini frames that need it, also of one turn; encrypted: %s [RFC5456 §8.1.3.1]',
    (encrypted) => {
      const { network, a, b, dial } = world({ encrypted });
      dial('2');
      const kinds: string[] = [];
      network.tap = (from, _to, bytes) => {
        if (from.ip === HERE.ip) kinds.push(frameKind(bytes));
      };
      const film = pictures(1, 6);
      a.host.input((_, nowMs) => {
        for (const packet of film) a.end.shoot(packet, nowMs);
        a.end.settle(nowMs);
      });
      network.runFor(1_000);
      expect(kinds.slice(0, 6)).toEqual(['full', ...Array(5).fill('video-mini')]);
      expect(relative(b.end.seen)).toEqual(relative(film));
    },
  );

  it('is sent on with its full frame first where the switch gets many packets in one turn', () => {
    const { network, site, a, b, dial } = world();
    dial('2');
    const batch: Uint8Array[] = [];
    network.blackhole(HERE, HUB);
    network.tap = (_from, _to, bytes) => batch.push(bytes);
    const film = pictures(1, 6);
    a.host.input((_, nowMs) => {
      for (const packet of film) a.end.shoot(packet, nowMs);
      a.end.settle(nowMs);
    });
    network.blackhole(HERE, HUB, false);
    expect(batch).toHaveLength(6);
    const kinds: string[] = [];
    network.tap = (_from, to, bytes) => {
      if (to.ip === THERE.ip) kinds.push(frameKind(bytes));
    };
    site.host.input((_, nowMs) => {
      for (const bytes of batch) site.appliance.handleDatagram(bytes, HERE, nowMs);
    });
    network.runFor(1_000);
    expect(kinds.slice(0, 6)).toEqual(['full', ...Array(5).fill('video-mini')]);
    expect(relative(b.end.seen)).toEqual(relative(film));
  });

  it('loses what the network loses and keeps all the rest, in a call that stands', () => {
    const weather = { loss: 0.1, duplication: 0, minDelayMs: 5, maxDelayMs: 45 };
    for (const seed of [1, 2, 3]) {
      const { a, b, dial, shoot } = world({ weather, seed });
      const call = dial('2');
      expect(call.state).toBe('up');
      const film = pictures(200);
      shoot(a, film);
      const came = new Map(b.end.seen.map((packet) => [key(packet), packet]));
      expect(b.end.seen.length).toBeGreaterThan(400);
      expect(came.size).toBe(b.end.seen.length);
      for (const [n, { payload }] of came) expect(Buffer.compare(payload, film[n]!.payload)).toBe(0);
      expect(call.state).toBe('up');
    }
  });

  it('is encrypted where the call is', () => {
    const { network, a, b, dial, shoot } = world({ encrypted: true });
    expect(dial('2').videoFormats).toEqual([formatOf('h264')]);
    const film = pictures(20);
    let inClear = 0;
    network.tap = (_from, _to, bytes) => {
      for (const { payload } of film.slice(0, 5))
        if (Buffer.from(bytes).includes(Buffer.from(payload.subarray(0, 40)))) inClear++;
    };
    shoot(a, film);
    expect(relative(b.end.seen)).toEqual(relative(film));
    expect(inClear).toBe(0);
  });

  it('is never in a trunk', () => {
    const { network, a, b, dial, shoot } = world({ trunk: true });
    dial('2');
    let trunked = 0;
    network.tap = (_from, _to, bytes) => {
      if (decodeFrame(bytes).type === 'meta-trunk') trunked++;
    };
    const film = pictures(20);
    shoot(a, film);
    expect(relative(b.end.seen)).toEqual(relative(film));
    expect(trunked).toBe(0);
  });

  it('is not asked for by a call of voice, and a far end without one gets none', () => {
    const { site, a, b, dial, shoot } = world({ there: ['ulaw'] });
    const call = dial('2');
    expect(call.state).toBe('up');
    expect(b.end.calls[0]!.videoFormats).toEqual([]);
    shoot(a, pictures(5));
    expect(b.end.seen).toEqual([]);
    expect(site.counters.get('media.unknown-call')).toBe(0);
    const voice = world({ here: ['ulaw'] });
    voice.dial('2');
    expect(voice.b.end.calls[0]!.videoFormats).toEqual([]);
  });

  it('is asked for anew across the switch [RFC5456 §8.3]', () => {
    const { b, a, dial } = world();
    const call = dial('2');
    a.host.input((_, nowMs) => call.sendControl(18, new Uint8Array(0), nowMs));
    b.host.network.runFor(1_000);
    expect(b.end.events).toContainEqual({ type: 'control', subclass: 18, payload: new Uint8Array(0) });
  });
});
