import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8Encode } from '../../../src/base/bytes.ts';
import { elementName } from '../../../src/iax2/element-table.ts';
import {
  decodeInformationElements,
  decodeRawElements,
  encodeInformationElements,
  encodeRawElements,
  type InformationElements,
} from '../../../src/iax2/information-element.ts';
import { isMalformed } from '../../../src/iax2/malformed.ts';
import { informationElements } from '../../support/iax2-arbitraries.ts';

function decode(hex: string): InformationElements {
  const ies = decodeInformationElements(fromHex(hex)!);
  if (isMalformed(ies)) expect.unreachable(ies.reason);
  return ies;
}

/** Every element once: object and bytes. */
const CASES: readonly (readonly [InformationElements, string])[] = [
  [{ calledNumber: '7123' }, '01 04 37313233'],
  [{ callingNumber: '201' }, '02 03 323031'],
  [{ callingAni: '201' }, '03 03 323031'],
  [{ callingName: 'Zoé' }, '04 04 5a6fc3a9'],
  [{ calledContext: 'in' }, '05 02 696e'],
  [{ username: 'b1' }, '06 02 6231'],
  [{ password: 'pw' }, '07 02 7077'],
  [{ capability: 0x8000_000cn }, '08 04 8000000c'],
  [{ format: 4n }, '09 04 00000004'],
  [{ language: 'en' }, '0a 02 656e'],
  [{ version: 2 }, '0b 02 0002'],
  [{ adsiCpe: 2 }, '0c 02 0002'],
  [{ dnid: '1' }, '0d 01 31'],
  [{ authMethods: 3 }, '0e 02 0003'],
  [{ challenge: Uint8Array.of(0, 255) }, '0f 02 00ff'],
  [{ md5Result: 'f8a1' }, '10 04 66386131'],
  [{ rsaResult: 'YWI=' }, '11 04 5957493d'],
  [{ apparentAddress: { ip: '192.0.2.10', port: 4569 } }, '12 10 020011d9c000020a0000000000000000'],
  [
    { apparentAddress: { ip: '2001:db8::1', port: 4569 } },
    '12 1c 0a0011d90000000020010db800000000000000000000000100000000',
  ],
  [{ refreshS: 60 }, '13 02 003c'],
  [{ dialplanStatus: 0x8001 }, '14 02 8001'],
  [{ callNumber: 5 }, '15 02 0005'],
  [{ cause: 'x' }, '16 01 78'],
  [{ iaxUnknown: 32 }, '17 01 20'],
  [{ messageCount: 0x0102 }, '18 02 0102'],
  [{ autoAnswer: true }, '19 00'],
  [{ musicOnHold: '' }, '1a 00'],
  [{ musicOnHold: 'jazz' }, '1a 04 6a617a7a'],
  [{ transferId: 0x0102_0304 }, '1b 04 01020304'],
  [{ rdnis: '9' }, '1c 01 39'],
  [{ provisioning: Uint8Array.of(1, 0) }, '1d 02 0100'],
  [{ aesProvisioning: Uint8Array.of(7) }, '1e 01 07'],
  [{ dateTime: { year: 2026, month: 11, day: 22, hour: 18, minute: 30, second: 44 } }, '1f 04 357693d6'],
  [{ deviceType: 'softswitch' }, '20 0a 736f6674737769746368'],
  [{ serviceIdentifier: 'aa' }, '21 02 6161'],
  [{ firmwareVersion: 7 }, '22 02 0007'],
  [{ firmwareBlock: 0x108 }, '23 04 00000108'],
  [{ firmwareBlockData: Uint8Array.of(1) }, '24 01 01'],
  [{ provisioningVersion: 9 }, '25 04 00000009'],
  [{ callingPresentation: 0x43 }, '26 01 43'],
  [{ callingTypeOfNumber: 0x10 }, '27 01 10'],
  [{ callingTransitNetwork: 1 }, '28 02 0001'],
  [{ samplingRate: 5 }, '29 02 0005'],
  [{ causeCode: 16 }, '2a 01 10'],
  [{ encryption: 0x8001 }, '2b 02 8001'],
  [{ encryptionKey: Uint8Array.of(1, 2) }, '2c 02 0102'],
  [{ codecPreferences: 'DE' }, '2d 02 4445'],
  [{ rrJitterMs: 3 }, '2e 04 00000003'],
  [{ rrLoss: { percent: 1, count: 7 } }, '2f 04 01000007'],
  [{ rrPackets: 1000 }, '30 04 000003e8'],
  [{ rrDelayMs: 40 }, '31 02 0028'],
  [{ rrDropped: 2 }, '32 04 00000002'],
  [{ rrOutOfOrder: 1 }, '33 04 00000001'],
  [{ variables: new Map([['A', 'b=c']]) }, '34 05 413d623d63'],
  [{ variables: new Map([['A', '']]) }, '34 02 413d'],
  [{ ospToken: Uint8Array.of(9, 8) }, '35 03 000908'],
  [{ callToken: new Uint8Array(0) }, '36 00'],
  [{ callToken: Uint8Array.of(0x31) }, '36 01 31'],
  [{ capability2: 0x4_0000_000cn }, '37 09 00 000000040000000c'],
  [{ format2: 2n ** 63n }, '38 09 00 8000000000000000'],
  [{ callingAni2: 62 }, '39 04 0000003e'],
  [{ unknown: [{ id: 0x99, data: Uint8Array.of(1) }] }, '99 01 01'],
];

describe.each(CASES.map(([elements, hex]) => ({ name: Object.keys(elements).join(), elements, hex })))(
  '$name',
  ({ elements, hex }) => {
    const bytes = fromHex(hex)!;

    it(`is ${hex}, both ways [RFC5456 §8.6.1–8.6.42]`, () => {
      expect(decodeInformationElements(bytes)).toEqual(elements);
      expect(toHex(encodeInformationElements(elements))).toBe(toHex(bytes));
    });

    it('is malformed when cut anywhere', () => {
      for (let length = 1; length < bytes.length; length++)
        expect(decodeInformationElements(bytes.slice(0, length))).toEqual({
          type: 'malformed',
          reason: 'element-overrun',
        });
    });

    it('is malformed when its length says one more', () => {
      const longer = bytes.slice();
      longer[1]! += 1;
      expect(decodeInformationElements(longer)).toEqual({ type: 'malformed', reason: 'element-overrun' });
    });

    it('is another element or none when its length says one less, and does not throw', () => {
      const shorter = bytes.slice();
      if (shorter[1] === 0) return;
      shorter[1]! -= 1;
      expect(decodeInformationElements(shorter)).not.toEqual(elements);
    });

    it('has a name', () => {
      expect(elementName(bytes[0]!) !== undefined).toBe(bytes[0] !== 0x99);
    });
  },
);

describe('information elements', () => {
  it.each([
    ['a CAPABILITY of one byte', '0801ff'],
    ['a VERSION of one byte', '0b0100'],
    ['a VERSION of three bytes', '0b03000200'],
    ['half an APPARENT_ADDR', '1205020011d9c0'],
    ['an APPARENT_ADDR of an unknown family', '1210070011d9c000020a0000000000000000'],
    ['a DATETIME of one byte', '1f0135'],
    ['a CAUSECODE of two bytes', '2a020010'],
    ['an RR_LOSS of one byte', '2f0101'],
    ['a CAPABILITY2 of eight bytes', '3708000000000000000c'],
    ['a FORMAT2 of version 1', '3809010000000000000004'],
  ])('%s is passed over, and what comes after it counts', (_name, hex) => {
    const data = fromHex(hex)!;
    expect(decode(`${hex}060162`)).toEqual({ unknown: [{ id: data[0], data: data.slice(2) }], username: 'b' });
  });

  it('unknown ones are passed over and kept [RFC5456 §8.6]', () => {
    expect(decode('c80101 060162 c900')).toEqual({
      username: 'b',
      unknown: [
        { id: 0xc8, data: Uint8Array.of(1) },
        { id: 0xc9, data: new Uint8Array(0) },
      ],
    });
  });

  it('that come twice count the last time', () => {
    expect(decode('060161 060162')).toEqual({ username: 'b' });
  });

  it('none is an empty body', () => {
    expect(decode('')).toEqual({});
    expect(encodeInformationElements({ username: undefined })).toHaveLength(0);
  });

  it('go out with VERSION first and CALLTOKEN last, whatever the order of the keys', () => {
    const ies: InformationElements = {
      callToken: new Uint8Array(0),
      unknown: [{ id: 0x99, data: new Uint8Array(0) }],
      variables: new Map([['A', 'b']]),
      format: 4n,
      calledNumber: '1',
      version: 2,
    };
    const ids = decodeRawElements(encodeInformationElements(ies));
    if (isMalformed(ids)) expect.unreachable();
    expect(ids.map(({ id }) => id)).toEqual([0x0b, 0x01, 0x09, 0x34, 0x99, 0x36]);
  });

  it('go out in the order of the keys if asked to', () => {
    const hex = '360134 060161 34 03 413d62 0b020002';
    expect(toHex(encodeInformationElements(decode(hex), 'as-given'))).toBe(hex.replaceAll(' ', ''));
  });

  it('text too long for an element is cut between characters', () => {
    const [element] = decodeRawElements(encodeInformationElements({ cause: `${'x'.repeat(254)}é` })) as readonly {
      data: Uint8Array;
    }[];
    expect(element?.data).toHaveLength(254);
  });

  it('numbers too large for their field go as the largest', () => {
    expect(decode(toHex(encodeInformationElements({ refreshS: 70_000, causeCode: 300, rrJitterMs: 1e12 })))).toEqual({
      refreshS: 65_535,
      causeCode: 255,
      rrJitterMs: 0xffff_ffff,
    });
  });

  it('a set of formats above 32 bits loses them in the old elements only', () => {
    expect(
      decode(toHex(encodeInformationElements({ capability: (2n ** 34n) | 4n, capability2: (2n ** 34n) | 4n }))),
    ).toEqual({
      capability: 4n,
      capability2: (2n ** 34n) | 4n,
    });
  });

  it('a challenge is bytes, because an RTKEY carries a key in it', () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
    expect(decode(toHex(encodeInformationElements({ challenge: key }))).challenge).toEqual(key);
  });
});

describe('variables', () => {
  it('longer than an element are split and joined', () => {
    const variables = new Map([
      ['LONG', 'é'.repeat(300)],
      ['SHORT', '1'],
    ]);
    const bytes = encodeInformationElements({ variables });
    const raw = decodeRawElements(bytes);
    if (isMalformed(raw)) expect.unreachable();
    expect(raw).toHaveLength(4);
    expect(decode(toHex(bytes))).toEqual({ variables });
  });

  it('cut by the peer within a character are joined as bytes', () => {
    expect(decode('34 03 413dc3 34 03 413da9').variables).toEqual(new Map([['A', 'é']]));
  });

  it('without an equals sign are empty', () => {
    expect(decode('340141').variables).toEqual(new Map([['A', '']]));
  });

  it('with a name too long for an element keep their value', () => {
    const ies = decode(toHex(encodeInformationElements({ variables: new Map([['N'.repeat(300), '😀😀']]) })));
    expect([...(ies.variables ?? [])]).toEqual([['N'.repeat(250), '😀😀']]);
  });

  it('named like properties of objects are only names', () => {
    expect(decode('34 0b 5f5f70726f746f5f5f3d78').variables).toEqual(new Map([['__proto__', 'x']]));
  });
});

describe('an Open Settlement token', () => {
  const token = Uint8Array.from({ length: 600 }, (_, i) => i & 0xff);

  it('goes in blocks of 254 bytes, and is joined by their index, not by their order', () => {
    const raw = decodeRawElements(encodeInformationElements({ ospToken: token }));
    if (isMalformed(raw)) expect.unreachable();
    expect(raw.map(({ data }) => [data[0], data.length])).toEqual([
      [0, 255],
      [1, 255],
      [2, 93],
    ]);
    expect(decodeInformationElements(encodeRawElements(raw.toReversed()))).toEqual({ ospToken: token });
  });

  it('has at most four blocks', () => {
    expect(decode('3502 0401')).toEqual({ unknown: [{ id: 0x35, data: Uint8Array.of(4, 1) }] });
    const ies = decode(toHex(encodeInformationElements({ ospToken: new Uint8Array(2000) })));
    expect(ies.ospToken).toHaveLength(4 * 254);
  });

  it('with blocks missing is what there is', () => {
    expect(decode('3502 01aa 3502 03bb').ospToken).toEqual(Uint8Array.of(0xaa, 0xbb));
  });
});

describe('any elements', () => {
  it('survive encoding and decoding', () => {
    fc.assert(
      fc.property(informationElements(), (ies) => {
        expect(decodeInformationElements(encodeInformationElements(ies))).toEqual(ies);
      }),
      { seed: 5456, numRuns: 1000 },
    );
  });

  it('as raw elements come back byte for byte', () => {
    fc.assert(
      fc.property(informationElements(), (ies) => {
        const bytes = encodeInformationElements(ies);
        const raw = decodeRawElements(bytes);
        expect(isMalformed(raw) ? raw : encodeRawElements(raw)).toEqual(bytes);
      }),
      { seed: 5456, numRuns: 300 },
    );
  });

  it('text that is not UTF-8 does not throw', () => {
    expect(decode('0402c328').callingName).toBe('\ufffd(');
    expect(utf8Encode('\ud800')).toEqual(Uint8Array.of(0xef, 0xbf, 0xbd));
  });
});
