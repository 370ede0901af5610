import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8Encode } from '../../../src/base/bytes.ts';
import type { Crypto } from '../../../src/base/crypto.ts';
import {
  decryptFrame,
  deriveKey,
  encryptFrame,
  FrameCipher,
  findKey,
  isPlausible,
} from '../../../src/iax2/encryption.ts';
import { decodeFrame, encodeFrame, encodeFullFrame, encodeMiniFrame } from '../../../src/iax2/frame.ts';
import { encodeInformationElements } from '../../../src/iax2/information-element.ts';
import { isMalformed } from '../../../src/iax2/malformed.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../../src/iax2/subclass.ts';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';
import {
  anyControl,
  fullFrameAbout,
  fullFrames,
  informationElements,
  miniFrame,
} from '../../support/iax2-arbitraries.ts';
import { seededCrypto } from '../../support/iax2-world.ts';
import { CIPHER_KEY, CIPHER_VECTORS, FRAME_VECTORS } from '../../vectors/iax2/frames.ts';

/** The padding 00 01 02 … of the vectors instead of random bytes. */
const COUNTING: Crypto = { ...nodeCrypto, randomBytes: (length) => Uint8Array.from({ length }, (_, i) => i) };
/** One wrong key in twenty makes something that looks like a frame: with fixed padding the same ones each time. */
const SEEDED = seededCrypto(1);
const OTHER_KEY = new Uint8Array(16).fill(7);

function frameOf(name: string): Uint8Array {
  return fromHex(FRAME_VECTORS.find((vector) => vector.name === name)!.hex)!;
}

function decrypted(bytes: Uint8Array | { readonly type: 'malformed' }): string {
  return 'type' in bytes ? bytes.type : toHex(bytes);
}

describe('the key of a call', () => {
  it('is the MD5 of challenge and secret, raw [RFC5456 §7.4]', () => {
    expect(deriveKey(nodeCrypto, utf8Encode('184298573'), 's3cret')).toEqual(CIPHER_KEY);
  });
});

describe.each(CIPHER_VECTORS)('the encrypted $plain', ({ plain, hex }) => {
  const clear = frameOf(plain);
  const cipher = fromHex(hex)!;

  it('is what Asterisk makes of it, byte for byte [RFC5456 §7.4]', () => {
    expect(toHex(encryptFrame(COUNTING, CIPHER_KEY, clear))).toBe(hex);
  });

  it('decrypts', () => {
    expect(decrypted(decryptFrame(nodeCrypto, CIPHER_KEY, cipher))).toBe(toHex(clear));
  });

  it('is malformed when cut anywhere but at a block, where it is shorter', () => {
    const header = clear[0]! & 0x80 ? 4 : 2;
    for (let length = 0; length < cipher.length; length++) {
      const blocks = (length - header) / 16;
      const whole = Number.isInteger(blocks) && blocks >= 2;
      expect(isMalformed(decryptFrame(nodeCrypto, CIPHER_KEY, cipher.subarray(0, length)))).toBe(!whole);
    }
  });

  it('with a byte more is malformed', () => {
    expect(decryptFrame(nodeCrypto, CIPHER_KEY, Uint8Array.of(...cipher, 0))).toEqual({
      type: 'malformed',
      reason: 'cipher-length',
    });
  });
});

describe('encryption', () => {
  it('leaves call numbers readable, and of mini frames hides the timestamp [RFC5456 §8.1.4]', () => {
    const full = frameOf('AUTHREP');
    expect(encryptFrame(nodeCrypto, CIPHER_KEY, full).subarray(0, 4)).toEqual(full.subarray(0, 4));
    const mini = encryptFrame(nodeCrypto, CIPHER_KEY, frameOf('mini frame'));
    expect(mini.subarray(0, 2)).toEqual(Uint8Array.of(0, 2));
  });

  it('never gives the same bytes twice', () => {
    const ping = frameOf('PING');
    expect(encryptFrame(nodeCrypto, CIPHER_KEY, ping)).not.toEqual(encryptFrame(nodeCrypto, CIPHER_KEY, ping));
  });

  it('pads to whole blocks with 16 to 31 bytes', () => {
    for (let length = 0; length < 40; length++) {
      const clear = encodeMiniFrame(2, 1, new Uint8Array(length));
      const cipher = encryptFrame(nodeCrypto, CIPHER_KEY, clear);
      const padding = cipher.length - clear.length;
      expect((cipher.length - 2) % 16).toBe(0);
      expect(padding).toBeGreaterThanOrEqual(16);
      expect(padding).toBeLessThanOrEqual(31);
      expect(decrypted(decryptFrame(nodeCrypto, CIPHER_KEY, cipher))).toBe(toHex(clear));
    }
  });

  it('is not for meta frames, whose call number would not be readable', () => {
    const trunk = frameOf('trunk frame with timestamps');
    expect(() => encryptFrame(nodeCrypto, CIPHER_KEY, trunk)).toThrow(RangeError);
    expect(isMalformed(decryptFrame(nodeCrypto, CIPHER_KEY, trunk))).toBe(true);
  });

  it('and decryption give any full or mini frame back', () => {
    const frame = fc.oneof(fullFrames(fullFrameAbout(anyControl, informationElements())), miniFrame);
    fc.assert(
      fc.property(frame, fc.uint8Array({ minLength: 16, maxLength: 16 }), (original, key) => {
        const clear = encodeFrame(original);
        const back = decryptFrame(nodeCrypto, key, encryptFrame(nodeCrypto, key, clear));
        expect(isMalformed(back) ? back : decodeFrame(back)).toEqual(original);
      }),
      { seed: 128, numRuns: 300 },
    );
  });

  it('of random bytes never throws on decrypting', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const frame = decryptFrame(nodeCrypto, CIPHER_KEY, bytes);
        if (!isMalformed(frame)) isPlausible(frame);
      }),
      { seed: 128 },
    );
  });
});

describe('finding the key', () => {
  const authrep = fromHex(CIPHER_VECTORS[0]!.hex)!;

  it('takes the secret of several under which the AUTHREP makes sense', () => {
    expect(findKey(nodeCrypto, [OTHER_KEY, CIPHER_KEY], authrep)).toBe(CIPHER_KEY);
  });

  it('gives nothing if none does', () => {
    expect(findKey(nodeCrypto, [OTHER_KEY], authrep)).toBeUndefined();
    expect(findKey(nodeCrypto, [], authrep)).toBeUndefined();
  });
});

describe('the keys of a call', () => {
  const ping = frameOf('PING');
  const both = () => [new FrameCipher(SEEDED, CIPHER_KEY), new FrameCipher(SEEDED, CIPHER_KEY)] as const;

  it('are the same in both directions at first', () => {
    const [ours, theirs] = both();
    expect(decrypted(theirs.decrypt(ours.encrypt(ping), 0))).toBe(toHex(ping));
    expect(decrypted(ours.decrypt(theirs.encrypt(ping), 0))).toBe(toHex(ping));
  });

  it('change one direction by an RTKEY, which itself goes under the key before', () => {
    const [ours, theirs] = both();
    const challenge = ours.newKey();
    const body = encodeInformationElements({ challenge });
    const rtkey = encodeFullFrame({ sourceCall: 2, frameType: FRAME_TYPE.IAX, subclass: IAX_SUBCLASS.RTKEY, body });
    const sent = ours.encrypt(rtkey);
    ours.rotate(challenge);
    expect(decrypted(theirs.decrypt(sent, 0))).toBe(toHex(rtkey));
    expect(theirs.handleRotation(challenge, 0)).toBe(true);
    expect(decrypted(theirs.decrypt(ours.encrypt(ping), 0))).toBe(toHex(ping));
    expect(decrypted(ours.decrypt(theirs.encrypt(ping), 0))).toBe(toHex(ping));
    expect(isMalformed(new FrameCipher(SEEDED, CIPHER_KEY).decrypt(ours.encrypt(ping), 0))).toBe(true);
  });

  it('keep the one before for five seconds, for frames that the RTKEY overtook', () => {
    const [ours, theirs] = both();
    const late = ours.encrypt(ping);
    theirs.handleRotation(OTHER_KEY, 1000);
    expect(decrypted(theirs.decrypt(late, 5999))).toBe(toHex(ping));
    expect(theirs.decrypt(late, 6000)).toEqual({ type: 'malformed', reason: 'undecipherable' });
  });

  it('let a queued frame keep the key under which it was first sent', () => {
    const [ours, theirs] = both();
    const key = ours.keyInUse;
    ours.rotate(OTHER_KEY);
    expect(decrypted(theirs.decrypt(ours.encrypt(ping, key), 0))).toBe(toHex(ping));
  });

  it('of minis are told apart by what the caller knows of their timestamps', () => {
    const [ours, theirs] = both();
    const mini = frameOf('mini frame');
    const late = ours.encrypt(mini);
    theirs.handleRotation(OTHER_KEY, 0);
    const near = (frame: Uint8Array) => frame[2] === 0x04 && frame[3] === 0x38;
    expect(decrypted(theirs.decrypt(late, 0, near))).toBe(toHex(mini));
  });

  it('are not changed by what is not a key', () => {
    const [ours, theirs] = both();
    expect(theirs.handleRotation(undefined, 0)).toBe(false);
    expect(theirs.handleRotation(new Uint8Array(15), 0)).toBe(false);
    expect(decrypted(theirs.decrypt(ours.encrypt(ping), 0))).toBe(toHex(ping));
  });

  it('do not hold on to the datagram in which they came', () => {
    const [ours, theirs] = both();
    const datagram = Uint8Array.from(OTHER_KEY);
    theirs.handleRotation(datagram, 0);
    datagram.fill(0);
    ours.rotate(OTHER_KEY);
    expect(decrypted(theirs.decrypt(ours.encrypt(ping), 0))).toBe(toHex(ping));
  });

  it('hardly ever accept nonsense', () => {
    const [, theirs] = both();
    const foreign = new FrameCipher(SEEDED, OTHER_KEY);
    let accepted = 0;
    for (let i = 0; i < 500; i++) if (!isMalformed(theirs.decrypt(foreign.encrypt(ping), 0))) accepted++;
    // Structure is all there is to check: of nonsense one in some hundred looks like a digit, a CNG or a voice frame.
    expect(accepted).toBeLessThan(15);
  });
});
