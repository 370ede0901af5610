import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import type { SrtpKeys } from '../../../src/base/srtp.ts';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';
import { deriveKeys, SrtpContext } from '../../../src/media/srtp.ts';
import { decodeRtp, encodeRtp, PlaneHarness, payloadOf, rtpFarEnd } from './plane-harness.ts';

const KEY = fromHex('e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6')!;
const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const context = (suite: SrtpKeys['suite'] = SUITE, key = KEY) => new SrtpContext(nodeCrypto, suite, key);
const packet = (n: number, ssrc = 7) =>
  encodeRtp({ sequence: n & 0xffff, timestamp: 160 * n, ssrc, payload: payloadOf(n) });
const bytesOf = (result: Uint8Array | string): Uint8Array => {
  if (typeof result === 'string') throw new Error(result);
  return result;
};

describe('vectors of SRTP', () => {
  it('the keystream is that of [RFC3711 §B.2]', () => {
    const key = fromHex('2b7e151628aed2a6abf7158809cf4f3c')!;
    const counter = fromHex('f0f1f2f3f4f5f6f7f8f9fafbfcfd0000')!;
    expect(toHex(nodeCrypto.aes128Ctr(key, counter, new Uint8Array(32)))).toBe(
      'e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab',
    );
  });

  it('the keys are derived as in [RFC3711 §B.3]', () => {
    const { key, authKey, salt } = deriveKeys(nodeCrypto, KEY, 0);
    expect(toHex(key)).toBe('c61e7a93744f39ee10734afe3ff7a087');
    expect(toHex(salt)).toBe('30cbbc08863d8c85d49db34a9ae1');
    expect(toHex(authKey)).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
  });

  const rtp = `800f1234decafbadcafebabe${'ab'.repeat(16)}`;
  const srtp = '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb';

  it('a packet is sealed and opened as libsrtp does', () => {
    expect(toHex(bytesOf(context().sealRtp(fromHex(rtp)!)))).toBe(srtp);
    expect(toHex(bytesOf(context().openRtp(fromHex(srtp)!)))).toBe(rtp);
  });

  it('a report is opened as libsrtp sealed it', () => {
    const srtcp = '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798';
    expect(toHex(bytesOf(context().openRtcp(fromHex(srtcp)!)))).toBe(`81c8000bcafebabe${'ab'.repeat(16)}`);
  });
});

describe.each(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const)('%s', (suite) => {
  it('three rounds of sequence numbers come through loss and reordering [RFC3711 §3.3.1]', () => {
    const [sender, receiver] = [context(suite), context(suite)];
    let opened = 0;
    for (let n = 55_030; n < 55_030 + 210_000; n += 10_500) {
      const sealed = Array.from({ length: 20 }, (_, i) => bytesOf(sender.sealRtp(packet(n + i))));
      const order = sealed.map((bytes, i) => [bytes, i] as const).filter(([, i]) => i % 7 !== 3);
      for (const [bytes, i] of order.reverse()) {
        expect(bytesOf(receiver.openRtp(bytes))).toEqual(packet(n + i));
        opened++;
      }
    }
    expect(opened).toBe(20 * 17);
  });

  it('any byte that was changed is noticed', () => {
    const sealed = bytesOf(context(suite).sealRtp(packet(1)));
    for (let at = 12; at < sealed.length; at++) {
      const forged = sealed.slice();
      forged[at]! ^= 1;
      expect(context(suite).openRtp(forged)).toBe('forged');
    }
    for (let length = 0; length < sealed.length; length++)
      expect(context(suite).openRtp(sealed.subarray(0, length))).toBeTypeOf('string');
  });

  it('reports have tags of 80 bits, and none is taken twice [RFC4568 §6.2.2]', () => {
    const [sender, receiver] = [context(suite), context(suite)];
    const report = fromHex(`81c8000b00000007${'cd'.repeat(24)}`)!;
    for (let n = 0; n < 100; n++) {
      const sealed = bytesOf(sender.sealRtcp(report));
      expect(sealed.length).toBe(report.length + 14);
      expect(receiver.openRtcp(sealed)).toEqual(report);
      expect(receiver.openRtcp(sealed)).toBe('replayed');
      sealed[9]! ^= 1;
      expect(context(suite).openRtcp(sealed)).toBe('forged');
    }
  });
});

describe('replay [RFC3711 §3.3.2]', () => {
  it('nothing is opened twice, and nothing that is 64 packets behind', () => {
    const [sender, receiver] = [context(), context()];
    const sealed = Array.from({ length: 100 }, (_, n) => bytesOf(sender.sealRtp(packet(n))));
    expect(bytesOf(receiver.openRtp(sealed[99]!))).toEqual(packet(99));
    expect(receiver.openRtp(sealed[99]!)).toBe('replayed');
    expect(receiver.openRtp(sealed[35]!)).toBe('replayed');
    expect(bytesOf(receiver.openRtp(sealed[36]!))).toEqual(packet(36));
    expect(receiver.openRtp(sealed[36]!)).toBe('replayed');
  });

  it('no index is used twice for what we send', () => {
    const sender = context();
    sender.sealRtp(packet(5));
    expect(sender.sealRtp(packet(5))).toBe('replayed');
  });

  it('a forged packet does not move the window', () => {
    const [sender, receiver] = [context(), context()];
    const first = bytesOf(sender.sealRtp(packet(1)));
    const forged = bytesOf(context(SUITE, KEY.toReversed()).sealRtp(packet(30_000)));
    expect(receiver.openRtp(forged)).toBe('forged');
    expect(bytesOf(receiver.openRtp(first))).toEqual(packet(1));
  });

  it('more sources than anybody has are not followed, and the first ones not forgotten', () => {
    const [sender, receiver] = [context(), context()];
    const sealed = Array.from({ length: 17 }, (_, n) => bytesOf(sender.sealRtp(packet(1, n))));
    const results = sealed.map((bytes) => receiver.openRtp(bytes));
    expect(results.slice(0, 16).every((one) => typeof one !== 'string')).toBe(true);
    expect(results[16]).toBe('too-many-sources');
    expect(receiver.openRtp(sealed[0]!)).toBe('replayed');
  });
});

describe('a stream with keys', () => {
  const THEIRS = KEY.toReversed();
  const keys: SrtpKeys = { suite: SUITE, sendKey: KEY, receiveKey: THEIRS };

  function sealedAndPlain() {
    const harness = new PlaneHarness();
    harness.nowMs = 1_000;
    const a = rtpFarEnd(1, { srtp: keys });
    const b = rtpFarEnd(2);
    harness.media.open(1, a, 1_000);
    harness.media.open(2, b, 1_000);
    harness.media.hear(1, { kind: 'stream', stream: 2 }, 1_000);
    harness.media.hear(2, { kind: 'stream', stream: 1 }, 1_000);
    return { harness, a, b };
  }

  it('hears and says sealed voice and sealed reports only', () => {
    const { harness, a, b } = sealedAndPlain();
    const [phone, opener] = [context(SUITE, THEIRS), context()];
    for (let n = 0; n < 500; n++) {
      harness.runTo(1_000 + 20 * n);
      harness.plane.handleRtp(a.localPort, bytesOf(phone.sealRtp(packet(n))), a.remote, harness.nowMs);
      harness.rtp(b, { sequence: n, timestamp: 160 * n, payload: payloadOf(n) });
    }
    expect(harness.rtpFrom(b).map(({ payload }) => payload)).toEqual(
      Array.from({ length: 500 }, (_, n) => payloadOf(n)),
    );
    const said = harness.sentRtp.filter(({ localPort }) => localPort === a.localPort);
    expect(said.map(({ bytes }) => decodeRtp(bytesOf(opener.openRtp(bytes))).payload)).toEqual(
      Array.from({ length: 500 }, (_, n) => payloadOf(n)),
    );
    const reports = harness.rtcpFrom(a);
    expect(reports.length).toBeGreaterThan(0);
    for (const { bytes } of reports) expect(bytesOf(opener.openRtcp(bytes))[1]).toBe(200);
  });

  it('drops and counts what is in the clear, forged or replayed', () => {
    const { harness, a, b } = sealedAndPlain();
    const sealed = bytesOf(context(SUITE, THEIRS).sealRtp(packet(1)));
    for (const bytes of [packet(1), sealed, sealed, sealed.map((byte, i) => (i === 20 ? byte ^ 1 : byte))])
      harness.plane.handleRtp(a.localPort, bytes, a.remote, harness.nowMs);
    harness.plane.handleRtp(a.localPort + 1, fromHex('80c9000100000007')!, a.remote, harness.nowMs);
    expect(harness.rtpFrom(b)).toHaveLength(1);
    expect(harness.media.statistics(1)).toMatchObject({ received: 1, dropped: 4 });
    expect(harness.counters.get('media.srtp-forged')).toBe(1);
    expect(harness.counters.get('media.srtp-replayed')).toBe(2);
  });

  it('goes on counting under a key that stays, whatever else is agreed anew', () => {
    const { harness, a } = sealedAndPlain();
    const phone = context(SUITE, THEIRS);
    const sealed = bytesOf(phone.sealRtp(packet(1)));
    harness.plane.handleRtp(a.localPort, sealed, a.remote, harness.nowMs);
    harness.media.update(1, { ...a, srtp: { ...keys, receiveKey: THEIRS.slice() }, sends: false }, harness.nowMs);
    harness.plane.handleRtp(a.localPort, sealed, a.remote, harness.nowMs);
    expect(harness.counters.get('media.srtp-replayed')).toBe(1);
  });
});
