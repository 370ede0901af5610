import { describe, expect, it } from 'vitest';
import type { VideoCodec, VideoFormat } from '../../src/base/media-port.ts';
import type { Call } from '../../src/sip/endpoint.ts';
import { Site } from '../support/branch-world.ts';
import { peer } from '../support/iax2-world.ts';
import { FAIR, Network, type Weather } from '../support/network.ts';
import { office, phone, SipSwitch } from '../support/sip-world.ts';
import { pictures, type VideoPacket } from '../support/video-station.ts';
import { decodeRtp, encodeRtp } from '../unit/media/plane-harness.ts';

const LYON = { ip: '192.0.2.20', port: 5060 };
const PARIS = { ip: '192.0.2.40', port: 5060 };
const DESK = { ip: '192.0.2.31', port: 5060 };
const DOOR = { ip: '192.0.2.32', port: 5060 };

const H264: VideoFormat = {
  codec: 'h264',
  payloadType: 97,
  parameters: 'profile-level-id=42e01f;packetization-mode=1',
};

/** A receiver report without a report, and a picture loss indication. [RFC4585 §6.3.1] */
const PLI = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 77, 0x81, 206, 0, 2, 0, 0, 0, 77, 0, 0, 0, 1);

/** How often the phone of a call was asked for a whole picture by RTCP. */
function picturesAskedOf({ site }: End, call: Call): number {
  const port = call.media!.video!.remote.port + 1;
  return site.sentRtp.filter(({ localPort, bytes }) => localPort === port && bytes.at(-11) === 206).length;
}

/** A phone, and the site that it is at. */
interface End {
  readonly site: Site;
  readonly phone: SipSwitch;
}

const video = (codecs: readonly VideoCodec[]) => ({ video: codecs });

function sipPhone(user: string, codecs: readonly VideoCodec[]) {
  return { ...phone(user), ...video(codecs), extension: user, name: user, callerId: { number: user, name: user } };
}

/** The phone 211 in Lyon; 212 in Lyon, too, or in Paris, behind IAX2. */
function world(
  options: {
    readonly behindIax2?: boolean;
    readonly weather?: Weather;
    readonly desk?: VideoCodec[];
    readonly door?: VideoCodec[];
    readonly trunk?: boolean;
  } = {},
) {
  const { behindIax2 = false, weather = { ...FAIR, minDelayMs: 5, maxDelayMs: 5 } } = options;
  const { desk: deskCodecs = ['h264', 'vp8'], door: doorCodecs = ['h264', 'vp8'] } = options;
  const network = new Network(11, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  const toLyon = peer({
    name: 'lyon',
    host: LYON.ip,
    port: LYON.port,
    username: 'paris',
    context: 'office',
    codecs: ['ulaw', 'h264'],
  });
  const toParis = peer({
    name: 'paris',
    host: PARIS.ip,
    port: PARIS.port,
    username: 'lyon',
    context: 'office',
    codecs: ['ulaw', 'h264'],
  });
  const dialplan = (where: string) =>
    `[office]\nexten => 212,1,Dial(${where})\nexten => 600,1,Answer()\nexten => 600,2,Echo()\nexten => 700,1,Answer()\nexten => 700,2,Wait(1)\nexten => 700,3,Dial(${where})\nexten => 800,1,Dial(Local/212@office)\nexten => 201,1,Dial(LINE/1)\n`;
  const site = (address: typeof LYON, seed: number, peers: ReturnType<typeof peer>[], users: string[], where: string) =>
    new Site(network, {
      address,
      seed,
      peers,
      extensions: ['201'],
      dialplan: dialplan(where),
      sip: { phones: users.map((user) => sipPhone(user, ['h264', 'vp8'])), trunks: [] },
    });
  const lyon = site(
    LYON,
    3,
    [toParis],
    behindIax2 ? ['211'] : ['211', '212'],
    behindIax2 ? 'IAX2/paris/212' : 'SIP/212',
  );
  const paris = behindIax2 ? site(PARIS, 4, [toLyon], ['212'], 'SIP/212') : lyon;
  // Two stations at one IP address: IAX2 and SIP share the simulated port.
  const desk = new SipSwitch(network, DESK, 11, { trunks: [office(LYON, '211', video(deskCodecs))] });
  const door = new SipSwitch(network, DOOR, 12, {
    trunks: [office(behindIax2 ? PARIS : LYON, '212', video(doorCodecs))],
  });
  door.onCall = (call, event, nowMs) => event.type === 'incoming' && call.answer(nowMs);
  network.runFor(3_000);
  const dial = (number: string, formats: readonly VideoFormat[] = [H264]) => {
    const call = desk.dial('office', number, { video: formats });
    network.runFor(4_000);
    network.weather = weather;
    return call;
  };
  return { network, lyon, paris, desk, door, dial };
}

/** The phone of a call shoots; RTP goes straight to the site's port. */
function shoot(network: Network, { site, phone }: End, call: Call, packets: readonly VideoPacket[], from = 0): void {
  const agreed = call.media!.video!;
  let shown = 0;
  for (const [n, { timestamp, marker, payload }] of packets.entries()) {
    network.runFor(timestamp - shown);
    shown = timestamp;
    const bytes = encodeRtp({
      payloadType: agreed.format.payloadType,
      marker,
      sequence: (from + n) & 0xffff,
      timestamp: (90 * timestamp + 4_294_960_000) >>> 0,
      payload,
    });
    const source = { ip: phone.address.ip, port: agreed.localPort };
    site.host.input((_, nowMs) => site.appliance.handleRtp(agreed.remote.port, bytes, source, nowMs));
  }
  network.runFor(1_000);
}

function seenBy({ site, phone }: End, call: Call) {
  const port = call.media!.video!.localPort;
  return site.sentRtp
    .filter(({ to }) => to.ip === phone.address.ip && to.port === port)
    .map(({ bytes }) => decodeRtp(bytes));
}

const summary = (
  packets: readonly { readonly timestamp: number; readonly marker: boolean; readonly payload: Uint8Array }[],
  perMs = 1,
) =>
  packets.map(
    ({ timestamp, marker, payload }) =>
      `${((timestamp - packets[0]!.timestamp) >>> 0) / perMs}${marker ? ' ends' : ''} ${Buffer.from(payload).toString('base64')}`,
  );

describe('the picture of a call between two SIP phones', () => {
  it.each(['212', '800'])('passes untouched both ways by number %s', (number) => {
    const { network, lyon, desk, door, dial } = world();
    const out = dial(number);
    const into = door.incoming[0]!;
    expect(out.media!.video).toMatchObject({ format: { ...H264, payloadType: 97 }, direction: 'sendrecv' });
    expect(into.media!.video!.format).toMatchObject(H264);
    const film = pictures(40);
    shoot(network, { site: lyon, phone: desk }, out, film, 65_500);
    const seen = seenBy({ site: lyon, phone: door }, into);
    expect(summary(seen, 90)).toEqual(summary(film));
    expect(seen.every(({ sequence }, n) => sequence === ((seen[0]!.sequence + n) & 0xffff))).toBe(true);
    shoot(network, { site: lyon, phone: door }, into, film);
    expect(summary(seenBy({ site: lyon, phone: desk }, out), 90)).toEqual(summary(film));
  });

  it('is refused with port 0 where the other phone has none, and the call goes on as voice', () => {
    const { network, lyon, desk, door, dial } = world({ door: [] });
    const out = dial('212');
    expect(out.state).toBe('up');
    expect(out.media!.video).toBeUndefined();
    expect(door.incoming[0]!.media!.video).toBeUndefined();
    expect(lyon.rtpPorts.size).toBeLessThanOrEqual(3);
    desk.with(out, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(40_000);
    expect([...lyon.rtpPorts]).toEqual([]);
  });

  it('is refused where the two have no codec in common, or the other end is a line', () => {
    const { dial } = world({ desk: ['h264'], door: ['vp8'] });
    expect(dial('212').media!.video).toBeUndefined();
    const copper = world();
    const call = copper.desk.dial('office', '201', { video: [H264] });
    copper.network.runFor(1_000);
    copper.lyon.lift(1);
    copper.network.runFor(1_000);
    expect(call.state).toBe('up');
    expect(call.media!.video).toBeUndefined();
  });

  it('comes back from an echo', () => {
    const { network, lyon, desk, dial } = world();
    const out = dial('600');
    const film = pictures(5);
    shoot(network, { site: lyon, phone: desk }, out, film);
    expect(summary(seenBy({ site: lyon, phone: desk }, out), 90)).toEqual(summary(film));
  });

  it('is offered anew to a phone that was answered before the other one was known', () => {
    const none = world({ door: [] });
    const alone = none.dial('700');
    none.network.runFor(3_000);
    expect(none.door.incoming[0]!.state).toBe('up');
    expect(alone.state).toBe('up');
    expect(alone.media!.video).toBeUndefined();
    const { network, lyon, desk, door, dial } = world();
    const out = dial('700');
    network.runFor(3_000);
    const film = pictures(5);
    shoot(network, { site: lyon, phone: desk }, out, film);
    expect(summary(seenBy({ site: lyon, phone: door }, door.incoming[0]!), 90)).toEqual(summary(film));
  });

  it('stops while the call is held', () => {
    const { network, lyon, desk, door, dial } = world();
    const out = dial('212');
    desk.with(out, (call, nowMs) => call.hold(nowMs));
    network.runFor(1_000);
    const into = door.incoming[0]!;
    expect(into.media!.video!.direction).toBe('recvonly');
    shoot(network, { site: lyon, phone: door }, into, pictures(3));
    expect(seenBy({ site: lyon, phone: desk }, out)).toEqual([]);
    desk.with(out, (call, nowMs) => call.unhold(nowMs));
    network.runFor(1_000);
    shoot(network, { site: lyon, phone: door }, into, pictures(3), 100);
    expect(seenBy({ site: lyon, phone: desk }, out)).toHaveLength(9);
  });

  it('is asked for anew by RTCP where both take it, else by INFO [RFC5168]', () => {
    const { network, lyon, desk, door, dial } = world();
    const out = dial('212', [{ ...H264, feedback: ['nack pli'] }]);
    const into = door.incoming[0]!;
    shoot(network, { site: lyon, phone: door }, into, pictures(1));
    desk.with(out, (call, nowMs) => call.requestPicture(nowMs));
    network.runFor(500);
    expect(picturesAskedOf({ site: lyon, phone: door }, into)).toBe(1);
  });
});

describe('the picture of a call SIP to IAX2 to SIP', () => {
  it('arrives byte for byte, with its marks and one time for each picture', () => {
    const { network, lyon, paris, desk, door, dial } = world({ behindIax2: true });
    const out = dial('212');
    const into = door.incoming[0]!;
    expect(out.media!.video!.format.codec).toBe('h264');
    expect(into.media!.video!.format.codec).toBe('h264');
    const film = pictures(100);
    shoot(network, { site: lyon, phone: desk }, out, film);
    expect(summary(seenBy({ site: paris, phone: door }, into), 90)).toEqual(summary(film));
    shoot(network, { site: paris, phone: door }, into, film);
    expect(summary(seenBy({ site: lyon, phone: desk }, out), 90)).toEqual(summary(film));
  });

  it('loses what the network between loses, and nothing else', () => {
    const weather = { loss: 0.05, duplication: 0, minDelayMs: 5, maxDelayMs: 35 };
    const { network, lyon, paris, desk, door, dial } = world({ behindIax2: true, weather });
    const out = dial('212');
    const film = pictures(200);
    shoot(network, { site: lyon, phone: desk }, out, film);
    const seen = seenBy({ site: paris, phone: door }, door.incoming[0]!);
    expect(seen.length).toBeGreaterThan(520);
    for (const { payload } of seen) {
      const n = payload[0]! | (payload[1]! << 8);
      expect(Buffer.compare(payload, film[n]!.payload)).toBe(0);
    }
    expect(out.state).toBe('up');
  });

  it('is asked for anew from end to end: by INFO, by VIDUPDATE, and by feedback [RFC5456 §8.3]', () => {
    const { network, lyon, paris, desk, door, dial } = world({ behindIax2: true });
    const out = dial('212');
    const into = door.incoming[0]!;
    shoot(network, { site: paris, phone: door }, into, pictures(1));
    desk.with(out, (call, nowMs) => call.requestPicture(nowMs));
    network.runFor(500);
    expect(picturesAskedOf({ site: paris, phone: door }, into)).toBe(1);
    shoot(network, { site: lyon, phone: desk }, out, pictures(1));
    const { remote, localPort } = into.media!.video!;
    for (let n = 0; n < 5; n++)
      paris.host.input((_, nowMs) =>
        paris.appliance.handleRtp(remote.port + 1, PLI, { ip: DOOR.ip, port: localPort + 1 }, nowMs),
      );
    network.runFor(500);
    expect(picturesAskedOf({ site: lyon, phone: desk }, out)).toBe(1);
  });
});
