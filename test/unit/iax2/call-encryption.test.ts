import { describe, expect, it } from 'vitest';
import { encryptFrame } from '../../../src/iax2/encryption.ts';
import type { PeerConfig } from '../../../src/iax2/endpoint.ts';
import { decodeFrame, encodeMiniFrame } from '../../../src/iax2/frame.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../../src/iax2/subclass.ts';
import { peer, Switch, seededCrypto } from '../../support/iax2-world.ts';
import { FAIR, Network, ROUGH, type Weather } from '../../support/network.ts';

const A = { ip: '192.0.2.1', port: 4569 };
const B = { ip: '192.0.2.2', port: 4569 };
const WISH = { encryption: { method: 'aes128', force: false } } as const;
const MUST = { encryption: { method: 'aes128', force: true } } as const;

function call(ofA: Partial<PeerConfig>, ofB: Partial<PeerConfig>, weather: Weather = FAIR, seed = 1) {
  const network = new Network(seed, weather);
  const a = new Switch(network, A, seed, { peers: [peer({ name: 'b', host: B.ip, username: 'a', ...ofA })] });
  const b = new Switch(network, B, seed + 1, { peers: [peer({ name: 'a', host: A.ip, username: 'b', ...ofB })] });
  b.onCall = (leg, event, nowMs) => {
    if (event.type === 'incoming') leg.answer(nowMs);
  };
  const clear: string[] = [];
  network.tap = (_from, _to, bytes) => {
    const frame = decodeFrame(bytes);
    // An encrypted frame has random bytes where the type is.
    if (frame.type === 'full' && frame.frameType === FRAME_TYPE.IAX) clear.push(String(frame.subclass));
  };
  const leg = a.dial('b', '600');
  network.runFor(1_000);
  return { network, a, b, leg, there: b.incoming[0], clear };
}

describe('encrypted calls [RFC5456 §7.4]', () => {
  it('from AUTHREP on nothing of the call is in clear, and all of it arrives', () => {
    const { network, a, b, leg, there, clear } = call(WISH, WISH);
    expect(clear.slice(0, 4)).toEqual(['1', '40', '1', '8']);
    clear.length = 0;
    a.with(leg, (c, now) => c.sendText('hush', now));
    network.runFor(100);
    expect(b.typesOf(there!)).toEqual(['incoming', 'text']);
    a.with(leg, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(100);
    expect([leg.state, there!.state]).toEqual(['gone', 'gone']);
  });

  it('voice of the media plane is opened and closed around it', () => {
    const { network, a, b } = call(WISH, WISH);
    const spec = [...a.media.streams.values()][0]!;
    if (spec.kind !== 'iax2') throw new Error('not IAX2');
    const mini = encodeMiniFrame(spec.localCall, network.nowMs - spec.epochMs, new Uint8Array(160).fill(0x55));
    const sealed = a.endpoint.sealMini(mini);
    expect(sealed.length).toBe(194);
    expect(b.endpoint.unseal(sealed, A, network.nowMs)).toEqual(mini);
    expect(b.endpoint.unseal(sealed, { ...A, port: 1 }, network.nowMs)).toBe(sealed);
  });

  it.each([
    ['the caller does not', {}, WISH],
    ['the called side does not', WISH, {}],
  ])('goes in clear where %s encrypt and nobody insists', (_which, ofA, ofB) => {
    const { a, leg } = call(ofA, ofB);
    expect(a.typesOf(leg)).toEqual(['accepted', 'answered']);
    expect(a.endpoint.sealMini(Uint8Array.of(0, 5, 1, 2))).toHaveLength(4);
  });

  it('no voice is sent from an RTKEY until it is acknowledged, when either key would be wrong', () => {
    const { network, a, leg } = call(WISH, WISH);
    const pauses: [number, boolean][] = [];
    const { media } = a;
    media.quelch = (_stream, on) => pauses.push([network.nowMs, on]);
    network.runFor(600_000);
    expect(pauses.length).toBeGreaterThanOrEqual(4);
    for (let i = 0; i + 1 < pauses.length; i += 2) {
      const [[from, off], [to, on]] = [pauses[i]!, pauses[i + 1]!];
      expect([off, on]).toEqual([true, false]);
      // A round trip, also of an RTKEY that goes out together with PING and LAGRQ.
      expect(to - from).toBe(20);
    }
    // An RTKEY that is lost does not silence the call for good.
    media.quelch = (_stream, on) => {
      pauses.push([network.nowMs, on]);
      network.weather = { ...FAIR, loss: on ? 1 : 0 };
    };
    network.runFor(310_000);
    const [[from, off], [to, on]] = [pauses.at(-2)!, pauses.at(-1)!];
    expect([off, on, to - from]).toEqual([true, false, 3_000]);
    expect(leg.state).toBe('up');
  });

  it('voice under a key that an RTKEY has yet to bring is not taken for noise', () => {
    const { network, a, b } = call(WISH, WISH);
    const spec = [...a.media.streams.values()][0]!;
    if (spec.kind !== 'iax2') throw new Error('not IAX2');
    const crypto = seededCrypto(4);
    let opened = 0;
    for (let i = 0; i < 200; i++) {
      network.runFor(20);
      const mini = encodeMiniFrame(spec.localCall, network.nowMs - spec.epochMs, new Uint8Array(160));
      // Another key than the call's makes of it what it likes.
      const sealed = encryptFrame(crypto, new Uint8Array(16).fill(i), mini);
      if (b.endpoint.unseal(sealed, A, network.nowMs) !== undefined) opened++;
    }
    expect(opened).toBeLessThan(30);
    expect(b.counters.get('iax2.undecipherable')).toBe(200 - opened);
  });

  it.each([
    ['the caller', MUST, {}],
    ['the called side', {}, MUST],
  ])('fails with cause 58 where %s insists and the other does not encrypt', (_which, ofA, ofB) => {
    const { a, b, leg } = call(ofA, ofB);
    expect(a.eventsOf(leg)).toMatchObject([{ type: 'hangup', cause: 'bearer-unavailable' }]);
    expect(b.incoming).toHaveLength(0);
  });

  it('finds the secret that made the key among several', () => {
    // One wrong key in twenty makes something that looks like a frame, so once is not enough to know.
    for (let seed = 1; seed <= 100; seed++) {
      const secrets = ['old', 'older', 'oldest', 'new', 'newer'];
      const { leg } = call({ ...WISH, secrets: ['new'] }, { ...WISH, secrets }, FAIR, seed);
      expect(leg.state, `seed ${seed}`).toBe('up');
    }
  });

  it('a wrong secret opens nothing', () => {
    const { network, a, b, leg } = call({ ...WISH, secrets: ['wrong'] }, WISH);
    network.runFor(60_000);
    expect(b.incoming).toHaveLength(0);
    expect(b.counters.get('iax2.undecipherable')).toBeGreaterThan(0);
    expect(a.eventsOf(leg)).toMatchObject([{ type: 'hangup' }]);
    expect([a.endpoint.load.dialogs, b.endpoint.load.dialogs]).toEqual([0, 0]);
  });

  it('keys are changed every two to five minutes, and an hour of talk survives it', () => {
    const { network, a, b, leg, there } = call(WISH, WISH, ROUGH, 3);
    network.runFor(3_600_000);
    expect([leg.state, there!.state]).toEqual(['up', 'up']);
    a.with(leg, (c, now) => c.sendDigit('7', 80, now));
    network.runFor(500);
    expect(b.typesOf(there!)).toContain('digit');
  });

  it('frames that a change of key overtook are still understood, 30 seeds', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { network, a, b, leg } = call(WISH, WISH, { ...ROUGH, maxDelayMs: 300 }, seed);
      for (let i = 0; i < 30; i++) {
        network.runFor(10_000);
        for (let k = 0; k < 5; k++) a.with(leg, (c, now) => c.sendText(`${i}.${k}`, now));
      }
      network.runFor(5_000);
      const texts = b.eventsOf(b.incoming[0]!).flatMap((event) => (event.type === 'text' ? [event.text] : []));
      expect(texts, `seed ${seed}`).toEqual(Array.from({ length: 150 }, (_, n) => `${Math.floor(n / 5)}.${n % 5}`));
    }
  });

  it('an RTKEY goes under the key before it', () => {
    const { network, a, b, leg } = call(WISH, WISH);
    const kinds: number[] = [];
    network.tap = (from, _to, bytes) => {
      const plain = from === A ? b.endpoint.unseal(bytes, A, network.nowMs) : undefined;
      const frame = plain === undefined ? undefined : decodeFrame(plain);
      if (frame?.type === 'full') kinds.push(frame.subclass);
    };
    network.runFor(300_000);
    expect(kinds).toContain(IAX_SUBCLASS.RTKEY);
    expect(leg.state).toBe('up');
    expect(a.counters.get('iax2.undecipherable')).toBe(0);
  });

  it('is set up, talks and ends over a rough and lossy network, 100 seeds', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const { network, a, b, leg } = call(MUST, MUST, { ...ROUGH, loss: 0.05 }, seed);
      network.runFor(20_000);
      expect(leg.state, `seed ${seed}`).toBe('up');
      a.with(leg, (c, now) => c.hangup('normal-clearing', now));
      network.runFor(60_000);
      expect([a.endpoint.load.dialogs, b.endpoint.load.dialogs], `seed ${seed}`).toEqual([0, 0]);
    }
  });
});
