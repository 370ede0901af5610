import { describe, expect, it } from 'vitest';
import { utf8Encode } from '../../../src/base/bytes.ts';
import type { CodecName } from '../../../src/sip/codec.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { MediaSession } from '../../../src/sip/offer-answer.ts';
import { formatSdp, parseSdp, type SessionDescription } from '../../../src/sip/sdp.ts';

function sdp(...media: readonly string[]): SessionDescription {
  const lines = ['v=0', 'o=phone 1 1 IN IP4 10.0.0.9', 's=call', 'c=IN IP4 10.0.0.9', 't=0 0', ...media, ''];
  const parsed = parseSdp(utf8Encode(lines.join('\r\n')));
  if (isMalformed(parsed)) throw new Error('malformed');
  return parsed;
}

function session(codecs: readonly CodecName[] = ['ulaw', 'alaw']): MediaSession {
  return new MediaSession({ address: { ip: '192.0.2.1', port: 10_000 }, codecs, sessionId: '42' });
}

const VOICE = 'm=audio 4000 RTP/AVP 0 8 101';
const EVENTS = 'a=rtpmap:101 telephone-event/8000';
const linesOf = (description: SessionDescription | undefined) =>
  description === undefined ? [] : formatSdp(description).trim().split('\r\n');

describe('parseSdp', () => {
  it.each([
    'v=1\r\no=- 1 1 IN IP4 1.1.1.1',
    'v=0',
    'v=0\r\no=- 1 1 IN IP4',
    'v=0\r\no=- x 1 IN IP4 1.1.1.1',
    'v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nm=audio 4000 RTP/AVP 0',
    'v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nc=IN IP4 1.1.1.1\r\nm=audio 70000 RTP/AVP 0',
    'v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nc=IN IP4 1.1.1.1\r\nm=audio 4000',
    'v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nc=IN IP6 [x',
    'v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nm =audio',
    `v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\n${'m=audio 0 RTP/AVP 0\r\n'.repeat(33)}`,
    '',
  ])('%j is malformed', (text) => expect(parseSdp(utf8Encode(text))).toEqual({ type: 'malformed', reason: 'sdp' }));

  it('takes numbers of any length in the origin, multicast, IPv6, and lines it does not know', () => {
    const text = `v=0\no=- ${'9'.repeat(30)} 1 IN IP6 ::1\ns=\ni=x\nb=AS:64\nt=0 0\nm=audio 4000/2 RTP/AVP 0\nc=IN IP6 FF15::101/3\na=x`;
    const parsed = parseSdp(utf8Encode(text));
    expect(parsed).toMatchObject({
      origin: { sessionId: '9'.repeat(30) },
      media: [{ port: 4000, connection: 'ff15::101' }],
    });
  });
});

describe('an offer of ours [RFC3264 §5]', () => {
  it('names what we can in our order, digits, and a mapping for each', () => {
    const one = session(['alaw', 'ulaw', 'g722']);
    one.voice.offerFor([{ codec: 'g722' }], false);
    expect(linesOf(one.makeOffer())).toEqual([
      'v=0',
      'o=- 42 1 IN IP4 192.0.2.1',
      's=-',
      'c=IN IP4 192.0.2.1',
      't=0 0',
      'm=audio 10000 RTP/AVP 8 0 9 101',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:9 G722/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-16',
      'a=rtcp-xr:voip-metrics',
      'a=ptime:20',
      'a=sendrecv',
    ]);
  });

  it('agrees to what the answer says first that we have', () => {
    const one = session();
    one.makeOffer();
    expect(
      one.handleAnswer(sdp('m=audio 4000 RTP/AVP 18 8 0 96', 'a=rtpmap:96 telephone-event/8000', 'a=ptime:30')),
    ).toEqual({
      remote: { ip: '10.0.0.9', port: 4000 },
      remoteRtcpPort: 4001,
      codec: 'alaw',
      payloadType: 8,
      telephoneEventType: 96,
      comfortNoiseType: undefined,
      direction: 'sendrecv',
      ptimeMs: 30,
    });
  });

  it('agrees to nothing where the voice was refused', () => {
    for (const line of ['m=audio 0 RTP/AVP 0', 'm=audio 4000 RTP/AVP 18', 'm=audio 4000 RTP/SAVP 0']) {
      const one = session();
      one.makeOffer();
      expect(one.handleAnswer(sdp(line))).toBeUndefined();
      expect(one.agreement).toBeUndefined();
    }
  });

  it('goes up in version when something changed, and only then [RFC3264 §8]', () => {
    const one = session();
    const versions = [one.makeOffer(), one.makeOffer()].map(({ origin }) => origin.version);
    one.hold(true);
    versions.push(one.makeOffer().origin.version);
    one.hold(false);
    versions.push(one.makeOffer().origin.version);
    expect(versions).toEqual(['1', '1', '2', '3']);
  });
});

describe('an answer of ours [RFC3264 §6]', () => {
  it('takes the first codec of theirs that we have, with their numbers', () => {
    const one = session(['ulaw', 'alaw']);
    const answer = one.answer(
      sdp('m=audio 4000 RTP/AVP 18 97 0 98', 'a=rtpmap:97 pcma/8000/1', 'a=rtpmap:98 Telephone-Event/8000'),
    );
    expect(linesOf(answer).slice(5)).toEqual([
      'm=audio 10000 RTP/AVP 97 98',
      'a=rtpmap:97 PCMA/8000',
      'a=rtpmap:98 telephone-event/8000',
      'a=fmtp:98 0-16',
      'a=ptime:20',
      'a=sendrecv',
    ]);
    expect(one.agreement).toMatchObject({ codec: 'alaw', payloadType: 97, telephoneEventType: 98 });
  });

  it('refuses all other streams, in their places', () => {
    const offer = sdp(
      'm=video 5000 RTP/AVP 99',
      'm=audio 4000 RTP/SAVP 0',
      VOICE,
      EVENTS,
      'm=image 6000 udptl t38',
      'm=audio 4002 RTP/AVP 0',
    );
    const lines = linesOf(session().answer(offer)).filter((line) => line.startsWith('m='));
    expect(lines).toEqual([
      'm=video 0 RTP/AVP 99',
      'm=audio 0 RTP/SAVP 0',
      'm=audio 10000 RTP/AVP 0 101',
      'm=image 0 udptl t38',
      'm=audio 0 RTP/AVP 0',
    ]);
  });

  it('is none where there is no voice that we can: fax, video, secure voice, other codecs', () => {
    for (const line of [
      'm=image 6000 udptl t38',
      'm=video 5000 RTP/AVP 99',
      'm=audio 4000 RTP/SAVP 0',
      'm=audio 4000 RTP/AVP 18',
      'm=audio 0 RTP/AVP 0',
    ])
      expect(session().answer(sdp(line))).toBeUndefined();
  });

  it('does not believe a static number that is mapped to something else, nor a dynamic one without a mapping', () => {
    expect(session().answer(sdp('m=audio 4000 RTP/AVP 0', 'a=rtpmap:0 opus/48000'))).toBeUndefined();
    const one = session();
    expect(linesOf(one.answer(sdp(VOICE)))).not.toContain('a=fmtp:101 0-16');
    expect(one.agreement?.telephoneEventType).toBeUndefined();
  });

  it.each([
    ['a=sendonly', 'recvonly', true],
    ['a=recvonly', 'sendonly', false],
    ['a=inactive', 'inactive', true],
    ['a=sendrecv', 'sendrecv', false],
    ['c=IN IP4 0.0.0.0', 'recvonly', true],
  ])('to %s is %s', (line, direction, isHeld) => {
    const one = session();
    expect(linesOf(one.answer(sdp(VOICE, line))).at(-1)).toBe(`a=${direction}`);
    expect(one.isHeldByThem).toBe(isHeld);
    expect(one.agreement?.direction).toBe(direction);
  });

  it('while we hold them lets nothing in, and both may hold at a time', () => {
    const one = session();
    one.hold(true);
    expect(linesOf(one.answer(sdp(VOICE))).at(-1)).toBe('a=sendonly');
    expect(linesOf(one.answer(sdp(VOICE, 'a=sendonly'))).at(-1)).toBe('a=inactive');
  });

  it.each([
    [[], 20],
    [['a=ptime:10'], 10],
    [['a=ptime:30'], 30],
    [['a=ptime:60', 'a=maxptime:40'], 40],
    [['a=ptime:200'], 60],
    [['a=ptime:0'], 10],
    [['a=ptime:x'], 20],
  ])('to %j has packets of %i ms', (lines, ptimeMs) => {
    const one = session();
    one.answer(sdp(VOICE, ...lines));
    expect(one.agreement?.ptimeMs).toBe(ptimeMs);
  });

  it('takes comfort noise where it is offered, RTCP where it is said to be, and the stream’s own address', () => {
    const one = session();
    one.answer(sdp('m=audio 4000 RTP/AVP 0 13', 'c=IN IP6 2001:db8::9', 'a=rtcp:4999 IN IP6 2001:db8::9'));
    expect(one.agreement).toMatchObject({ comfortNoiseType: 13, remoteRtcpPort: 4999, remote: { ip: '2001:db8::9' } });
  });

  it('keeps what was agreed when a later offer cannot be met', () => {
    const one = session();
    one.answer(sdp(VOICE));
    expect(one.answer(sdp('m=image 6000 udptl t38'))).toBeUndefined();
    expect(one.agreement).toMatchObject({ codec: 'ulaw', remote: { port: 4000 } });
  });

  it('and an offer of ours after it keep the order of streams', () => {
    const one = session();
    one.answer(sdp('m=video 5000 RTP/AVP 99', VOICE, EVENTS));
    one.hold(true);
    const media = one.makeOffer().media.map(({ kind, port }) => `${kind} ${port}`);
    expect(media).toEqual(['video 0', 'audio 10000']);
  });
});

describe('reports of how a call sounds [RFC3611 §5]', () => {
  const METRICS = 'a=rtcp-xr:pkt-loss-rle=20 voip-metrics';

  it('are wanted in offers of ours, and in answers to those who want them', () => {
    expect(linesOf(session().makeOffer())).toContain('a=rtcp-xr:voip-metrics');
    expect(linesOf(session().answer(sdp(VOICE, EVENTS, METRICS)))).toContain('a=rtcp-xr:voip-metrics');
    expect(linesOf(session().answer(sdp(VOICE, EVENTS))).join()).not.toContain('rtcp-xr');
    expect(linesOf(session().answer(sdp(VOICE, 'a=rtcp-xr:rcvr-rtt=all'))).join()).not.toContain('rtcp-xr');
  });

  it('go to whom asked for them, for all media or for this', () => {
    const one = session();
    one.makeOffer();
    expect(one.handleAnswer(sdp(VOICE, METRICS))).toMatchObject({ wantsVoipMetrics: true });
    expect(one.handleAnswer(sdp(METRICS, VOICE))).toMatchObject({ wantsVoipMetrics: true });
    for (const lines of [[VOICE], [VOICE, 'a=rtcp-xr'], [VOICE, 'a=rtcp-xr:stat-summary=loss']])
      expect(one.handleAnswer(sdp(...lines))).not.toHaveProperty('wantsVoipMetrics');
  });
});

describe('voice that can only be carried', () => {
  const G722 = { codec: 'g722' } as const;
  const wide = () => session(['g722', 'ulaw', 'alaw']);
  const offeredBy = (one: MediaSession) => one.makeOffer().media[0]!.formats.join(' ');

  it('is not offered to whoever nobody is known to talk to in it', () => {
    expect(offeredBy(wide())).toBe('0 8 101');
  });

  it('is offered alone where the other party has nothing else', () => {
    const one = wide();
    one.voice.offerFor([G722], true);
    expect(offeredBy(one)).toBe('9 101');
    one.handleAnswer(sdp('m=audio 4000 RTP/AVP 9'));
    expect([one.voice.only, one.voice.carried]).toEqual([G722, G722]);
  });

  it('is answered with where the other party has agreed to it, and kept in an offer of ours after that', () => {
    const one = wide();
    const offer = sdp('m=audio 4000 RTP/AVP 0 9 8');
    expect(one.accepts(offer)).toBe(true);
    expect(one.voice.formats).toEqual([G722]);
    expect(one.carry(G722)).toBe(false);
    expect(one.answer(offer)?.media[0]?.formats).toEqual(['9']);
    one.hold(true);
    expect(offeredBy(one)).toBe('9 0 8 101');
  });

  it('is not answered with in the middle of a call of G.711, also where there is nothing else', () => {
    const one = wide();
    one.answer(sdp('m=audio 4000 RTP/AVP 9 0'));
    expect(one.agreement?.codec).toBe('ulaw');
    expect(one.answer(sdp('m=audio 4000 RTP/AVP 9'))).toBeUndefined();
  });

  it('is left for G.711 by an offer that has nothing else', () => {
    const one = wide();
    one.voice.offerFor([G722], false);
    one.makeOffer();
    one.handleAnswer(sdp('m=audio 4000 RTP/AVP 9'));
    expect(one.carry(undefined)).toBe(true);
    expect(offeredBy(one)).toBe('0 8 101');
    one.handleAnswer(sdp('m=audio 4000 RTP/AVP 8'));
    expect([one.agreement?.codec, one.isVoiceOutdated]).toEqual(['alaw', false]);
    expect([one.carry(G722), offeredBy(one)]).toEqual([true, '9 0 8 101']);
  });

  it('is not gone back to where what is wanted has changed while an offer was under way', () => {
    const one = wide();
    one.voice.offerFor([G722], false);
    one.makeOffer();
    one.handleAnswer(sdp('m=audio 4000 RTP/AVP 9'));
    one.carry(undefined);
    one.makeOffer();
    one.carry(G722);
    one.handleAnswer(sdp('m=audio 4000 RTP/AVP 0'));
    expect([one.voice.carried, one.isVoiceOutdated]).toEqual([G722, true]);
  });

  it('is offered with what the other party says of it, each under a number of its own', () => {
    const one = session(['ilbc', 'g729', 'g726', 'ulaw']);
    one.voice.offerFor(
      [
        { codec: 'g729', parameters: 'annexb=no' },
        { codec: 'ilbc', parameters: 'mode=20' },
      ],
      false,
    );
    expect(linesOf(one.makeOffer()).slice(5, 11)).toEqual([
      'm=audio 10000 RTP/AVP 97 18 0 101',
      'a=rtpmap:97 iLBC/8000',
      'a=fmtp:97 mode=20',
      'a=rtpmap:18 G729/8000',
      'a=fmtp:18 annexb=no',
      'a=rtpmap:0 PCMU/8000',
    ]);
  });

  it('is answered with what the other party says of it, under the number of the offer, which stays [RFC3264 §8.3.2]', () => {
    const one = session(['ilbc', 'speex', 'ulaw']);
    const offer = sdp('m=audio 4000 RTP/AVP 105 0', 'a=rtpmap:105 iLBC/8000', 'a=fmtp:105 mode=20');
    one.accepts(offer);
    expect(one.voice.formats).toEqual([{ codec: 'ilbc', parameters: 'mode=20' }]);
    one.carry({ codec: 'ilbc', parameters: 'mode=30' });
    const lines = ['m=audio 10000 RTP/AVP 105', 'a=rtpmap:105 iLBC/8000', 'a=fmtp:105 mode=30'];
    expect(linesOf(one.answer(offer)).slice(5, 8)).toEqual(lines);
    expect(one.voice.carried).toEqual({ codec: 'ilbc', parameters: 'mode=20' });
    expect(offeredBy(one)).toBe('105 0 101');
  });

  it('that was not offered is not taken from an answer', () => {
    const one = wide();
    one.makeOffer();
    expect(one.handleAnswer(sdp('m=audio 4000 RTP/AVP 9'))).toBeUndefined();
  });

  it('is all that a far end has that would not leave it', () => {
    const one = wide();
    one.voice.offerFor([G722], false);
    one.makeOffer();
    one.handleAnswer(sdp('m=audio 4000 RTP/AVP 9'));
    one.carry(undefined);
    expect(one.giveUpOffer()).toBe(true);
    expect([one.voice.only, one.carry(undefined), offeredBy(one)]).toEqual([G722, false, '9 101']);
  });
});

describe('RTP and RTCP by one port [RFC5761 §5.1.1]', () => {
  const MUX = 'a=rtcp-mux';

  it('is agreed to where it is offered, over a=rtcp, and offered again from then on', () => {
    const one = session();
    expect(linesOf(one.answer(sdp(VOICE, EVENTS, 'a=rtcp:4009', MUX)))).toContain(MUX);
    expect(one.agreement).toMatchObject({ remote: { port: 4000 }, remoteRtcpPort: 4000 });
    expect(linesOf(one.makeOffer())).toContain(MUX);
    expect(one.handleAnswer(sdp(VOICE, MUX))).toMatchObject({ remoteRtcpPort: 4000 });
    expect(one.handleAnswer(sdp(VOICE))).toMatchObject({ remoteRtcpPort: 4001 });
    expect(linesOf(one.makeOffer())).not.toContain(MUX);
  });

  it('is not offered by us first, and an answer that has it all the same means nothing', () => {
    const one = session();
    expect(linesOf(one.makeOffer())).not.toContain(MUX);
    expect(one.handleAnswer(sdp(VOICE, MUX))).toMatchObject({ remoteRtcpPort: 4001 });
    expect(linesOf(one.answer(sdp(VOICE, 'a=rtcp:4000')))).not.toContain(MUX);
  });
});
