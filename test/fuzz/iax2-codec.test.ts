import fc from 'fast-check';
import { describe, it } from 'vitest';
import { equalBytes, fromHex, toHex } from '../../src/base/bytes.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { CallTokens } from '../../src/iax2/call-token.ts';
import { decryptFrame, FrameCipher } from '../../src/iax2/encryption.ts';
import { decodeFrame, encodeFrame } from '../../src/iax2/frame.ts';
import { decodeInformationElements, encodeInformationElements } from '../../src/iax2/information-element.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { TrunkReader } from '../../src/iax2/meta-trunk.ts';
import { decodeProvisioning } from '../../src/iax2/provisioning.ts';
import { formatTrace } from '../../src/iax2/trace.ts';
import { nodeCrypto } from '../../src/io/node-crypto.ts';
import { FUZZ_MS, FUZZ_SEED } from '../support/fuzz.ts';
import { anyFrame } from '../support/iax2-arbitraries.ts';
import { CIPHER_KEY, CIPHER_VECTORS, FRAME_VECTORS, MALFORMED_VECTORS } from '../vectors/iax2/frames.ts';

const PEER = { ip: '192.0.2.1', port: 4569 };
const reader = new TrunkReader();
const tokens = new CallTokens(nodeCrypto);
const cipher = new FrameCipher(nodeCrypto, CIPHER_KEY);

/** Feeds bytes to every decoder. What it accepts must be whole: decoded again from its own encoding, it is the same. */
function feed(bytes: Uint8Array): void {
  const frame = decodeFrame(bytes);
  formatTrace({ direction: 'Rx', frame, peer: PEER });
  if (reader.begin(bytes)) {
    let end = 0;
    while (reader.next()) {
      end = reader.payloadAt + reader.payloadLength;
      if (end > bytes.length) throw new Error('the trunk reader went past the end');
    }
    if (reader.overrun !== bytes.length > Math.max(end, 8)) throw new Error('the trunk reader lost its place');
  }
  if (isMalformed(frame)) return;
  if (!same(decodeFrame(encodeFrame(frame)), frame)) throw new Error('the frame changed on its way');
  if (frame.type !== 'full') return;
  const elements = decodeInformationElements(frame.body);
  if (!isMalformed(elements)) encodeInformationElements(elements, 'as-given');
  decodeProvisioning(frame.body);
  tokens.verify(frame.body.subarray(0, 16), PEER, 0);
}

/** Deep equality of what frames are made of; `toEqual` would take most of the time. */
function same(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
  const keys = Object.keys(a);
  const record = (object: object, key: string) => (object as Readonly<Record<string, unknown>>)[key];
  return keys.length === Object.keys(b).length && keys.every((key) => same(record(a, key), record(b, key)));
}

function feedCipher(bytes: Uint8Array): void {
  const frame = decryptFrame(nodeCrypto, CIPHER_KEY, bytes);
  if (!isMalformed(frame)) feed(frame);
  cipher.decrypt(bytes, 0);
}

function randomBytes(random: SeededRandom): Uint8Array {
  const bytes = new Uint8Array(random.integer(4) === 0 ? random.integer(1500) : random.integer(64));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.integer(256);
  // Half of them as full IAX frames or trunk frames, which have most to decode.
  if (bytes.length >= 12 && random.integer(3) === 0) {
    bytes[0]! |= 0x80;
    bytes[10] = random.integer(4) === 0 ? random.integer(14) : 6;
  } else if (bytes.length >= 8 && random.integer(3) === 0) bytes.set([0, 0, random.integer(3), random.integer(3)]);
  return bytes;
}

/** Changes bits, bytes and lengths, cuts and doubles parts, as a bad link or a bad peer would. */
function mutate(valid: Uint8Array, random: SeededRandom): Uint8Array {
  let bytes = valid.slice();
  for (let count = 1 + random.integer(4); count > 0 && bytes.length > 0; count--) {
    const at = random.integer(bytes.length);
    switch (random.integer(6)) {
      case 0:
        bytes[at]! ^= 1 << random.integer(8);
        break;
      case 1:
        bytes[at] = random.integer(256);
        break;
      case 2:
        bytes[at]! += random.integer(2) === 0 ? 1 : -1;
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(random.integer(bytes.length)));
        break;
      default:
        bytes[at] = [0, 0xff, 0x7f, 0x80][random.integer(4)]!;
    }
  }
  return bytes;
}

function runFor(budgetMs: number, title: string, once: (random: SeededRandom) => Uint8Array, use = feed): void {
  const random = new SeededRandom(FUZZ_SEED);
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < budgetMs) {
    for (let i = 0; i < 200; i++, runs++) {
      const bytes = once(random);
      try {
        use(bytes);
      } catch (error) {
        throw new Error(`${title}, seed ${FUZZ_SEED}, run ${runs}: ${toHex(bytes)}`, { cause: error });
      }
    }
  }
  console.log(`${title}: ${runs} datagrams, seed ${FUZZ_SEED}`);
}

const VALID = [...FRAME_VECTORS, ...MALFORMED_VECTORS].map(({ hex }) => fromHex(hex)!);
const ENCRYPTED = CIPHER_VECTORS.map(({ hex }) => fromHex(hex)!);

describe('no datagram makes the IAX2 codec throw', { timeout: FUZZ_MS + 60_000 }, () => {
  it('random bytes', () => {
    runFor(FUZZ_MS * 0.35, 'random bytes', randomBytes);
  });

  it('frames of the vectors, changed', () => {
    runFor(FUZZ_MS * 0.3, 'changed vectors', (random) => mutate(VALID[random.integer(VALID.length)]!, random));
  });

  it('frames of every kind, changed', () => {
    const frames = fc.sample(anyFrame, { seed: FUZZ_SEED, numRuns: 500 }).map(encodeFrame);
    runFor(FUZZ_MS * 0.25, 'changed frames', (random) => mutate(frames[random.integer(frames.length)]!, random));
  });

  it('encrypted frames, changed', () => {
    const once = (random: SeededRandom) => mutate(ENCRYPTED[random.integer(ENCRYPTED.length)]!, random);
    runFor(FUZZ_MS * 0.1, 'changed encrypted frames', once, feedCipher);
  });
});
