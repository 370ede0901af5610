import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8Encode } from '../../../src/base/bytes.ts';
import type { Address } from '../../../src/base/machine.ts';
import { encodeFrame, encodeFullFrame } from '../../../src/iax2/frame.ts';
import { encodeInformationElements, type InformationElements } from '../../../src/iax2/information-element.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../../src/iax2/subclass.ts';
import {
  anyFrame,
  informationElements,
  miniFrame,
  trunkFrame,
  videoMiniFrame,
} from '../../support/iax2-arbitraries.ts';
import { Probe } from '../../support/iax2-probe.ts';
import { peer, Switch } from '../../support/iax2-world.ts';
import { Network } from '../../support/network.ts';

const HERE = { ip: '192.0.2.1', port: 4569 };
const CENTRE = { ip: '192.0.2.2', port: 4569 };
const FRIEND = { ip: '192.0.2.3', port: 4569 };
const STRANGER = { ip: '198.51.100.9', port: 4569 };
/** A datagram with a forged source brings its victim no more than this times its own length. */
const AMPLIFICATION = 1.2;
const EMPTY = { calls: 0, dialogs: 0, callNumbers: 0 };
const LONGEST = 1_500;

/** A switch with peers of every kind, and what it sends, to whomever, because of a datagram. */
class Target {
  readonly network = new Network(1);
  readonly here = new Switch(this.network, HERE, 1, {
    peers: [
      peer({ name: 'phone', host: 'dynamic', remoteDialplan: true }),
      peer({ name: 'a', host: 'dynamic', secrets: [] }),
      peer({ name: 'knows-tokens', host: 'dynamic', callToken: 'auto' }),
      peer({ name: 'centre', host: CENTRE.ip, remoteDialplan: true }),
    ],
  });
  private sent = 0;

  constructor() {
    new Probe(this.network, FRIEND, HERE).open('REGREQ', { username: 'knows-tokens', refreshS: 60 });
    this.network.runFor(300_000);
    this.network.tap = (from, _to, bytes) => {
      if (from === HERE) this.sent += bytes.length;
    };
  }

  /** Bytes sent before anything is due. */
  answerTo(bytes: Uint8Array, from: Address): number {
    const before = this.sent;
    this.here.host.input((station, nowMs) => station.handleDatagram(bytes, from, nowMs));
    return this.sent - before;
  }

  /** Bytes sent in the two minutes that follow: retransmissions, if there are any. */
  afterwards(): number {
    const before = this.sent;
    this.network.runFor(120_000);
    return this.sent - before;
  }
}

/** Sends them one by one: each is answered at once or not at all, briefly, and leaves nothing behind. */
function expectBrief(datagrams: readonly Uint8Array[], from: Address = STRANGER): void {
  const target = new Target();
  for (const bytes of datagrams) {
    const answered = target.answerTo(bytes, from);
    if (answered > AMPLIFICATION * bytes.length) throw new Error(`${answered} bytes for ${bytes.length}`);
    expect(target.here.endpoint.load).toEqual(EMPTY);
    // Slowly enough for every answer to be allowed.
    target.network.runFor(20);
  }
  expect(target.afterwards()).toBe(0);
  expect(target.here.endpoint.load).toEqual(EMPTY);
  expect([target.here.media.opened, target.here.endpoint.bindings]).toEqual([0, []]);
}

const callNumber = fc.oneof(fc.constantFrom(0, 1, 2, 0x7fff), fc.nat(0x7fff));
const username = fc.constantFrom('', 'a', 'phone', 'knows-tokens', 'centre', 'nobody', 'x'.repeat(80));
const callToken = fc.oneof(
  fc.constantFrom(undefined, new Uint8Array(0), utf8Encode('1795000000?0123456789abcdef')),
  fc.uint8Array({ maxLength: 60 }),
);

/** What begins a dialog, with and without the elements that matter; a token is never one that we gave. */
const opening = fc
  .record({
    name: fc.constantFrom('NEW', 'REGREQ', 'REGREL', 'POKE', 'DPREQ', 'FWDOWNL', 'PROVISION', 'TXREQ'),
    elements: informationElements({ username, callToken: undefined, version: fc.constantFrom(1, 2, 3) }),
    token: callToken,
    sourceCall: fc.integer({ min: 1, max: 0x7fff }),
    destinationCall: callNumber,
    oseqno: fc.nat(255),
    iseqno: fc.nat(255),
    timestamp: fc.nat(0xffff_ffff),
    retransmission: fc.boolean(),
  })
  .map(({ name, elements, token, ...header }) => {
    const ies: InformationElements = token === undefined ? elements : { ...elements, callToken: token };
    const subclass = IAX_SUBCLASS[name as keyof typeof IAX_SUBCLASS];
    return encodeFullFrame({
      ...header,
      frameType: FRAME_TYPE.IAX,
      subclass,
      body: encodeInformationElements(ies),
    });
  });
const wellFormed = fc.oneof(
  opening,
  anyFrame.map(encodeFrame),
  fc.oneof(miniFrame, videoMiniFrame, trunkFrame(true), trunkFrame(false)).map(encodeFrame),
);
const broken = fc
  .tuple(wellFormed, fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.uint8Array())
  .map(([bytes, cut, changes, more]) => {
    const copy = Uint8Array.from([...bytes.subarray(0, bytes.length - (cut % 8)), ...more]);
    for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
    return copy;
  });
const junk = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.uint8Array({ maxLength: LONGEST }));
const datagram = fc
  .oneof({ weight: 3, arbitrary: wellFormed }, broken, junk)
  .map((bytes) => (bytes.length === 0 ? Uint8Array.of(0) : bytes.subarray(0, LONGEST)));

describe('whoever has not shown that he receives where he sends from', () => {
  it('gets no more than 1.2 times what he sends, at once and never again, and no state, whatever he sends', () => {
    fc.assert(
      fc.property(fc.array(datagram, { minLength: 1, maxLength: 12 }), (datagrams) => expectBrief(datagrams)),
      { seed: 5456, numRuns: 400 },
    );
  });

  it('nor does he where his source address is that of a peer of ours', () => {
    fc.assert(
      fc.property(
        fc.array(datagram, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(CENTRE, { ...CENTRE, port: 1_024 }, FRIEND),
        expectBrief,
      ),
      { seed: 5457, numRuns: 200 },
    );
  });

  it.each([
    ['that begin a call', 0],
    ['from and to call 1', 1],
    ['of a call that is not there', 99],
  ])('in the shortest frames of every type and subclass %s', (_what, destinationCall) => {
    const frames = Array.from({ length: 16 }, (_, frameType) =>
      Array.from({ length: 64 }, (_, subclass) =>
        encodeFullFrame({ sourceCall: destinationCall === 1 ? 1 : 7, destinationCall, frameType, subclass }),
      ),
    ).flat();
    expectBrief(frames);
  });

  it.each(['NEW', 'REGREQ', 'REGREL', 'POKE'] as const)('in a %s of every length', (name) => {
    const frames = [undefined, new Uint8Array(0), utf8Encode('x'.repeat(16))].flatMap((token) =>
      Array.from({ length: 200 }, (_, length) =>
        encodeFullFrame({
          sourceCall: 7,
          frameType: FRAME_TYPE.IAX,
          subclass: IAX_SUBCLASS[name],
          body: encodeInformationElements({
            username: 'a'.repeat(length),
            ...(token === undefined ? {} : { callToken: token }),
          }),
        }),
      ),
    );
    expectBrief(frames);
  });

  it('in frames to a call of others, of which he has guessed both numbers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyFrame, fc.boolean()), { minLength: 1, maxLength: 20 }),
        fc.constantFrom(STRANGER, { ...FRIEND, port: 1_024 }),
        (frames, from) => {
          const target = new Target();
          const { network, here } = target;
          const friend = new Probe(network, FRIEND, HERE);
          friend.open('NEW', { version: 2, username: 'a', calledNumber: '600', capability: 4n }, 7);
          const [call] = here.incoming;
          const { remoteCall, localCall } = friend.heard
            .map(({ frame }) => ({
              remoteCall: frame.destinationCall,
              localCall: frame.sourceCall,
            }))
            .at(-1)!;
          for (const [frame, guessed] of frames) {
            const numbers = guessed ? { sourceCall: remoteCall, destinationCall: localCall } : {};
            const bytes = encodeFrame({ ...frame, ...numbers } as typeof frame);
            expect(target.answerTo(bytes, from)).toBeLessThanOrEqual(AMPLIFICATION * bytes.length);
          }
          expect([call?.state, here.endpoint.load.dialogs]).toEqual(['offered', 1]);
        },
      ),
      { seed: 5458, numRuns: 100 },
    );
  });

  it('but for users with `callToken: no`, of whom no more than a limit is answered with a challenge', () => {
    const network = new Network(1);
    const here = new Switch(network, HERE, 1, {
      peers: [peer({ name: 'old', host: 'dynamic', callToken: 'no' })],
      limits: { unproven: 5 },
    });
    const victims = new Map<string, number>();
    network.tap = (from, to, bytes) => {
      if (from === HERE) victims.set(to.ip, (victims.get(to.ip) ?? 0) + bytes.length);
    };
    const body = encodeInformationElements({ version: 2, username: 'old', calledNumber: '600' });
    const subclass = IAX_SUBCLASS.NEW;
    const bytes = encodeFullFrame({ sourceCall: 7, frameType: FRAME_TYPE.IAX, subclass, body });
    for (let i = 0; i < 100; i++)
      here.host.input((station, nowMs) => station.handleDatagram(bytes, { ip: `203.0.113.${i}`, port: 4569 }, nowMs));
    network.runFor(120_000);
    expect(victims.size).toBe(5);
    expect(here.endpoint.load).toEqual(EMPTY);
  });
});
