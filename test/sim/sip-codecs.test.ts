import { describe, expect, it } from 'vitest';
import type { RtpCodec } from '../../src/base/media-port.ts';
import { type FormatName, formatName } from '../../src/iax2/media-format.ts';
import { Site, type SiteOptions } from '../support/branch-world.ts';
import { CodecPhone, PHONE_RTP_PORT } from '../support/codec-phone.ts';
import { peer, Switch } from '../support/iax2-world.ts';
import { FAIR, Network } from '../support/network.ts';
import { phone } from '../support/sip-world.ts';
import { decodeRtp, encodeRtp } from '../unit/media/plane-harness.ts';

const OFFICE = { ip: '192.0.2.20', port: 5060 };
const HQ = { ip: '192.0.2.50', port: 4569 };
const DIALPLAN = `
[office]
exten => _21X,1,Dial(SIP/\${EXTEN},20)
exten => 201,1,Dial(LINE/1)
exten => 220,1,Dial(SIP/212&SIP/213)
exten => 300,1,Answer()
exten => 300,2,Echo()
exten => 301,1,Answer()
exten => 301,2,Dial(SIP/212)
exten => 302,1,Answer()
exten => 302,2,Milliwatt()
exten => 600,1,ConfBridge(600)
exten => 700,1,Park()
exten => 701,1,ParkedCall(1)
exten => _7XXX,1,Dial(IAX2/hq/\${EXTEN:1})
exten => 800,1,Dial(Local/212@office)
`;

/** Payload types: µ-law and A-law, G.722. */
const G722 = '9';
const WIDE = '9 0 8';
const NARROW = '0 8';

/** An office with the phones 211, 212, 213, each with its codecs, and a line. All three may have G.722. */
function world(
  codecs: {
    readonly one?: string;
    readonly two?: string;
    readonly three?: string;
    readonly lines?: readonly string[];
  } = {},
  options: Partial<SiteOptions> & { readonly allowed?: readonly RtpCodec[] } = {},
) {
  const { allowed = ['g722', 'ulaw', 'alaw'] } = options;
  const network = new Network(5, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  const phones = ['211', '212', '213'].map((user) => ({
    ...phone(user, { codecs: allowed }),
    extension: user,
    name: user,
    callerId: { number: user, name: user },
  }));
  const site = new Site(network, {
    ...{ address: OFFICE, seed: 3, peers: [], extensions: ['201'], dialplan: DIALPLAN, sip: { phones, trunks: [] } },
    ...options,
  });
  const make = (n: number, own = WIDE) =>
    new CodecPhone(network, { ip: `192.0.2.${30 + n}`, port: 5060 }, OFFICE, `21${n}`, own, codecs.lines);
  const [one, two, three] = [make(1, codecs.one), make(2, codecs.two), make(3, codecs.three)];
  network.runFor(1_000);
  const call = (from: CodecPhone, number: string) => {
    from.call(number);
    network.runFor(1_500);
  };
  /** Packets of G.722 or whatever `from` talks in; what of them comes to `to`, untouched. */
  const isHeard = (from: CodecPhone, to: CodecPhone): boolean => {
    const before = site.sentRtp.length;
    const payloads = Array.from({ length: 5 }, (_, n) => new Uint8Array(160).fill(16 * n + 3));
    for (const [n, payload] of payloads.entries()) {
      const at = { sequence: 100 + n, timestamp: 8_000 + 160 * n, ssrc: Number(from.address.ip.slice(-2)) };
      const bytes = encodeRtp({ payloadType: Number(from.codec), marker: n === 0, ...at, payload });
      const source = { ip: from.address.ip, port: PHONE_RTP_PORT };
      site.host.input((_, nowMs) => site.appliance.handleRtp(from.officeRtp!.port, bytes, source, nowMs));
      network.runFor(20);
    }
    const heard = site.sentRtp.slice(before).filter(({ to: { ip } }) => ip === to.address.ip);
    const packets = heard
      .filter(({ localPort }) => localPort === to.officeRtp!.port)
      .map(({ bytes }) => decodeRtp(bytes));
    const text = (all: readonly Uint8Array[]) => all.map((one) => Buffer.from(one).toString('hex'));
    const isStraight = packets.every(
      ({ timestamp, sequence }, n) =>
        n === 0 || (timestamp - packets[n - 1]!.timestamp === 160 && sequence - packets[n - 1]!.sequence === 1),
    );
    return (
      packets.length === payloads.length &&
      packets.every(({ payloadType }) => payloadType === Number(to.codec)) &&
      text(packets.map(({ payload }) => payload)).join() === text(payloads).join() &&
      isStraight
    );
  };
  const tonesSentTo = (to: CodecPhone, forMs = 500) => {
    const before = site.sentRtp.length;
    network.runFor(forMs);
    return site.sentRtp
      .slice(before)
      .filter(({ localPort, to: { ip } }) => ip === to.address.ip && localPort === to.officeRtp!.port)
      .map(({ bytes }) => decodeRtp(bytes).payloadType);
  };
  const expectEmpty = () => {
    for (const one of [...phonesOf()]) if (one.isUp) one.hangUp();
    site.hangUp(1);
    network.runFor(90_000);
    expect(site.appliance.calls()).toEqual([]);
    expect([...site.rtpPorts]).toEqual([]);
    expect(site.appliance.plane.nextDeadline()).toBeUndefined();
  };
  const phonesOf = () => [one, two, three];
  const cannot = () => site.counters.get('media.cannot-transcode') + site.counters.get('media.tone-without-g711');
  return { network, site, one, two, three, call, isHeard, tonesSentTo, expectEmpty, cannot };
}

describe('a call between two SIP phones', () => {
  it.each(['212', '800', '301'])('goes by G.722 where both have it, untouched and in order, to %s', (number) => {
    const { network, one, two, call, isHeard, expectEmpty, cannot } = world();
    call(one, number);
    expect([one.codec, two.codec]).toEqual([G722, G722]);
    expect(two.offered).toEqual([WIDE]);
    expect([isHeard(one, two), isHeard(two, one)]).toEqual([true, true]);
    expect(cannot()).toBe(0);
    network.runFor(60_000);
    expectEmpty();
  });

  it.each([
    ['only the caller has it', WIDE, NARROW, WIDE],
    ['only the called phone has it', NARROW, WIDE, NARROW],
  ])('goes by G.711 where %s, and is offered what the caller has', (_, own, theirs, offered) => {
    const { one, two, call, isHeard, expectEmpty } = world({ one: own, two: theirs });
    call(one, '212');
    expect([one.codec, two.codec]).toEqual(['0', '0']);
    expect(two.offered).toEqual([offered]);
    expect(isHeard(one, two)).toBe(true);
    expectEmpty();
  });

  it.each([
    ['gsm', '3', []],
    ['g729', '18', ['a=fmtp:18 annexb=no']],
    ['g726', '111', ['a=rtpmap:111 G726-32/8000']],
    ['ilbc', '97', ['a=rtpmap:97 iLBC/8000', 'a=fmtp:97 mode=20']],
    ['speex', '110', ['a=rtpmap:110 speex/8000']],
    ['slin', '118', ['a=rtpmap:118 L16/8000']],
  ] as const)('goes by %s where both have that', (codec, type, lines) => {
    const own = `${type} 0`;
    const { one, two, call, isHeard, expectEmpty } = world({ one: own, two: own, lines }, { allowed: [codec, 'ulaw'] });
    call(one, '212');
    expect([one.codec, two.codec]).toEqual([type, type]);
    expect(two.offered).toEqual([own]);
    expect([isHeard(one, two), isHeard(two, one)]).toEqual([true, true]);
    expectEmpty();
  });

  it('goes by G.711 where the configuration has nothing else', () => {
    const { one, two, call, expectEmpty } = world({}, { allowed: ['ulaw', 'alaw'] });
    call(one, '212');
    expect([one.codec, two.codec, two.offered.join()]).toEqual(['0', '0', NARROW]);
    expectEmpty();
  });

  it('whose caller has nothing but G.722 goes by that, and is refused where the other has it not', () => {
    const { network, one, two, three, call, isHeard, expectEmpty } = world({ one: G722, three: NARROW });
    call(one, '212');
    expect([one.codec, two.codec, two.offered.join()]).toEqual([G722, G722, G722]);
    expect(isHeard(two, one)).toBe(true);
    one.hangUp();
    network.runFor(1_000);
    call(one, '213');
    expect(three.offered).toEqual([G722]);
    expect(one.statuses.at(-1)).toBe(488);
    expectEmpty();
  });

  it('rings several phones, and goes by what the one that answers has', () => {
    const { one, two, three, call, expectEmpty } = world({ two: NARROW });
    two.ringMs = undefined;
    call(one, '220');
    expect([one.codec, three.codec]).toEqual([G722, G722]);
    one.hangUp();
    two.ringMs = 100;
    three.ringMs = undefined;
    call(one, '220');
    expect([one.codec, two.codec]).toEqual(['0', '0']);
    expectEmpty();
  });

  it.each([
    ['has G.722', WIDE, NARROW, G722],
    ['has it not', NARROW, WIDE, '0'],
  ])('to a user with two phones goes by what the one that answers has, which %s', (_, quick, slow, expected) => {
    const { network, one, two, call, isHeard, expectEmpty } = world({ two: quick });
    const another = new CodecPhone(network, { ip: '192.0.2.39', port: 5060 }, OFFICE, '212', slow);
    another.ringMs = undefined;
    network.runFor(1_000);
    call(one, '212');
    expect([one.codec, two.codec, another.isUp]).toEqual([expected, expected, false]);
    expect([isHeard(one, two), isHeard(two, one)]).toEqual([true, true]);
    expectEmpty();
  });

  it('stays in G.722 while it is held, and when it goes on', () => {
    const { network, one, two, call, isHeard, expectEmpty, cannot } = world();
    call(one, '212');
    one.offer('sendonly');
    network.runFor(500);
    expect([one.codec, two.codec, two.offered.at(-1)]).toEqual([G722, G722, WIDE]);
    one.offer('sendrecv');
    network.runFor(500);
    expect([one.codec, two.codec]).toEqual([G722, G722]);
    expect([isHeard(one, two), isHeard(two, one)]).toEqual([true, true]);
    expect(cannot()).toBe(0);
    expectEmpty();
  });

  it.each([
    ['caller', true],
    ['called phone', false],
  ])('goes on in G.711 at both ends once the %s offers nothing else', (_, isCaller) => {
    const { network, one, two, call, isHeard, expectEmpty } = world();
    call(one, '212');
    (isCaller ? one : two).offer('sendrecv', NARROW);
    network.runFor(500);
    expect([one.codec, two.codec]).toEqual(['0', '0']);
    expect([isHeard(one, two), isHeard(two, one)]).toEqual([true, true]);
    expectEmpty();
  });

  it('goes on in G.711 at both ends where both offer that at the same time [RFC3261 §14.1]', () => {
    const { network, one, two, call, isHeard, expectEmpty } = world();
    call(one, '212');
    one.offer('sendrecv', NARROW);
    two.offer('sendrecv', NARROW);
    network.runFor(10_000);
    expect([one.codec, two.codec]).toEqual(['0', '0']);
    expect(isHeard(one, two)).toBe(true);
    expectEmpty();
  });

  it('goes back to G.722 with an end that would not leave it meanwhile', () => {
    const { network, one, two, call, isHeard, expectEmpty } = world();
    call(one, '212');
    two.refusesWith = 488;
    one.flash();
    network.runFor(1_000);
    expect([one.codec, two.codec]).toEqual(['0', G722]);
    one.flash();
    network.runFor(1_000);
    expect([one.codec, two.codec]).toEqual([G722, G722]);
    expect([isHeard(one, two), isHeard(two, one)]).toEqual([true, true]);
    expectEmpty();
  });
});

describe('a SIP phone that has G.722', () => {
  it('hears a line in G.711', () => {
    const { network, site, one, call, expectEmpty } = world();
    call(one, '201');
    site.lift(1);
    network.runFor(1_000);
    expect(one.codec).toBe('0');
    expectEmpty();
  });

  it('hears itself in G.711 and a tone of ours, too', () => {
    const { network, one, call, tonesSentTo, expectEmpty } = world();
    call(one, '300');
    expect(one.codec).toBe('0');
    one.hangUp();
    network.runFor(500);
    call(one, '302');
    expect(new Set(tonesSentTo(one))).toEqual(new Set([0]));
    expectEmpty();
  });

  it('goes into a conference in G.711', () => {
    const { one, two, call, expectEmpty, cannot } = world();
    call(one, '600');
    call(two, '600');
    expect([one.codec, two.codec]).toEqual(['0', '0']);
    expect(cannot()).toBe(0);
    expectEmpty();
  });

  it('goes on in G.722 with whom it is transferred to, hears it ring in G.711 meanwhile', () => {
    const { network, one, two, three, call, isHeard, tonesSentTo, expectEmpty } = world();
    call(one, '212');
    three.ringMs = 3_000;
    two.transferTo('213');
    network.runFor(1_000);
    expect(one.codec).toBe('0');
    expect(new Set(tonesSentTo(one, 5_000))).toEqual(new Set([0]));
    expect([one.codec, three.codec]).toEqual([G722, G722]);
    expect([isHeard(one, three), isHeard(three, one)]).toEqual([true, true]);
    expectEmpty();
  });

  it('goes on in G.711 with a phone that has nothing else', () => {
    const { network, one, two, three, call, isHeard, expectEmpty } = world({ three: NARROW });
    call(one, '212');
    one.transferTo('213');
    network.runFor(3_000);
    expect([two.codec, three.codec]).toEqual(['0', '0']);
    expect(isHeard(two, three)).toBe(true);
    expectEmpty();
  });

  it('waits in a slot in G.711, and is retrieved in that', () => {
    const { network, one, two, three, call, isHeard, tonesSentTo, expectEmpty } = world();
    call(one, '212');
    two.transferTo('700');
    network.runFor(1_000);
    expect(one.codec).toBe('0');
    expect(new Set(tonesSentTo(one, 10_000))).toEqual(new Set([0]));
    call(three, '701');
    expect([one.codec, three.codec]).toEqual(['0', '0']);
    expect(isHeard(one, three)).toBe(true);
    expectEmpty();
  });

  it('hears dial tone behind a flash in G.711, whoever it held in that, too, and goes back', () => {
    const { network, one, two, call, isHeard, tonesSentTo, expectEmpty } = world();
    call(one, '212');
    one.flash();
    network.runFor(500);
    expect([one.codec, two.codec]).toEqual(['0', '0']);
    expect(new Set(tonesSentTo(one))).toEqual(new Set([0]));
    one.flash();
    network.runFor(500);
    expect([isHeard(one, two), isHeard(two, one)]).toEqual([true, true]);
    expectEmpty();
  });

  it.each([
    ['lists it', ['g722', 'ulaw', 'alaw']],
    ['does not', ['g722']],
  ] as const)('calls for help in G.711, whether the configuration %s', (_, allowed) => {
    const { network, site, one, two, call, expectEmpty } = world(
      {},
      { allowed, emergency: { via: [{ channel: 'SIP/212' }] } },
    );
    call(one, '112');
    network.runFor(2_000);
    expect(site.happened).toContain('connected');
    expect(two.offered).toEqual([NARROW]);
    expect([one.codec, two.codec]).toEqual(['0', '0']);
    expectEmpty();
  });
});

describe('a call between a SIP phone and an IAX2 end', () => {
  /** The office, and head office at the other end of IAX2; each lists its codecs for the other. */
  function worldWithHq(
    ours: readonly FormatName[],
    theirs: readonly FormatName[],
    phones: Parameters<typeof world>[0] = {},
  ) {
    const hq = { name: 'hq', host: HQ.ip, port: HQ.port, username: 'lyon', context: 'office', codecs: ours };
    const office = world(phones, { peers: [peer(hq)] });
    const lyon = { name: 'lyon', host: OFFICE.ip, port: OFFICE.port, username: 'hq', codecs: theirs };
    const far = new Switch(office.network, HQ, 4, { peers: [peer(lyon)] });
    far.onCall = (call, event, nowMs) => {
      if (event.type === 'incoming') call.answer(nowMs);
    };
    const callIn = (number: string) => {
      const call = far.dial('lyon', number);
      office.network.runFor(1_500);
      return call;
    };
    return { ...office, far, callIn, formats: () => far.incoming.map(({ format }) => formatName(format)) };
  }

  it('goes by G.722 from the phone, if both have it', () => {
    const { one, call, formats, expectEmpty, cannot } = worldWithHq(['g722', 'ulaw'], ['g722', 'ulaw']);
    call(one, '7600');
    expect([one.codec, ...formats()]).toEqual([G722, 'g722']);
    expect(cannot()).toBe(0);
    expectEmpty();
  });

  it.each([
    ['the phone', WIDE, ['ulaw']],
    ['head office', NARROW, ['g722', 'ulaw']],
  ] as const)('goes by G.711 from the phone, if only %s has G.722', (_, own, theirs) => {
    const { one, call, formats, expectEmpty } = worldWithHq(['g722', 'ulaw'], [...theirs], { one: own });
    call(one, '7600');
    expect([one.codec, ...formats()]).toEqual(['0', 'ulaw']);
    expectEmpty();
  });

  it('goes by G.722 to the phone, if it came in that', () => {
    const { one, callIn, expectEmpty } = worldWithHq(['g722', 'ulaw'], ['g722', 'ulaw']);
    const call = callIn('211');
    expect(call.state).toBe('up');
    expect([formatName(call.format), one.codec, ...one.offered]).toEqual(['g722', G722, G722]);
    expectEmpty();
  });

  it('that came in G.722 fails with cause 58 where the phone has it not, and rings nobody who may not', () => {
    const { network, far, callIn, expectEmpty } = worldWithHq(['g722'], ['g722'], { one: NARROW });
    const call = callIn('211');
    expect(far.eventsOf(call).at(-1)).toMatchObject({ type: 'hangup', cause: 'bearer-unavailable' });
    network.runFor(1_000);
    expectEmpty();
  });
});
