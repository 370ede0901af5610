import { describe, expect, it } from 'vitest';
import { utf8Encode } from '../../../src/base/bytes.ts';
import type { VideoFormat } from '../../../src/base/media-port.ts';
import { infoBody, parseInfo } from '../../../src/sip/dtmf-info.ts';
import { HeaderFields } from '../../../src/sip/header-field.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { MediaSession } from '../../../src/sip/offer-answer.ts';
import { formatSdp, parseSdp, type SessionDescription } from '../../../src/sip/sdp.ts';

const VOICE = ['m=audio 4000 RTP/AVP 0', 'a=sendrecv'];
const VIDEO = [
  'm=video 4002 RTP/AVPF 96 97 34',
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:97 H264/90000',
  'a=fmtp:97 profile-level-id=42e01f;packetization-mode=1',
  'a=rtcp-fb:* nack pli',
  'a=rtcp-fb:97 ccm fir',
  'a=rtcp-fb:97 nack',
  'a=rtcp:4009',
];

function sdp(...lines: readonly string[]): SessionDescription {
  const all = ['v=0', 'o=phone 1 1 IN IP4 10.0.0.9', 's=call', 'c=IN IP4 10.0.0.9', 't=0 0', ...lines, ''];
  const parsed = parseSdp(utf8Encode(all.join('\r\n')));
  if (isMalformed(parsed)) throw new Error('malformed');
  return parsed;
}

function session(codecs: readonly ('h264' | 'vp8' | 'h263')[] = ['h264', 'vp8'], port: number | null = 10_002) {
  const video = { codecs, port: () => port ?? undefined };
  return new MediaSession({ address: { ip: '192.0.2.1', port: 10_000 }, codecs: ['ulaw'], sessionId: '42', video });
}

/** The lines of `m=video` and what stands under it. */
function videoLines(description: SessionDescription | undefined): string[] {
  const lines = description === undefined ? [] : formatSdp(description).trim().split('\r\n');
  const at = lines.findIndex((line) => line.startsWith('m=video'));
  return at < 0 ? [] : lines.slice(at);
}

const H264: VideoFormat = {
  codec: 'h264',
  payloadType: 105,
  parameters: 'packetization-mode=1;profile-level-id=428014',
};

describe('an offer with video [RFC3264 §6]', () => {
  it('is answered with the first codec that we may, and its own payload type and parameters, while nobody else is known', () => {
    const one = session();
    expect(videoLines(one.answer(sdp(...VOICE, ...VIDEO)))).toEqual([
      'm=video 10002 RTP/AVPF 96',
      'a=rtpmap:96 VP8/90000',
      'a=rtcp-fb:96 nack pli',
      'a=sendrecv',
    ]);
    expect(one.agreement!.video).toMatchObject({
      remote: { ip: '10.0.0.9', port: 4002 },
      remoteRtcpPort: 4009,
      format: { codec: 'vp8', payloadType: 96 },
      direction: 'sendrecv',
    });
  });

  it('is answered with what the other party has, which says how it wants to be sent to', () => {
    const one = session();
    expect(one.accepts(sdp(...VOICE, ...VIDEO))).toBe(true);
    expect(one.video.map(({ codec }) => codec)).toEqual(['vp8', 'h264']);
    one.see([H264]);
    expect(videoLines(one.answer(sdp(...VOICE, ...VIDEO)))).toEqual([
      'm=video 10002 RTP/AVPF 97',
      'a=rtpmap:97 H264/90000',
      'a=fmtp:97 packetization-mode=1;profile-level-id=428014',
      'a=rtcp-fb:97 nack pli',
      'a=rtcp-fb:97 ccm fir',
      'a=sendrecv',
    ]);
  });

  it('keeps every line in its place: a second picture, and what we do not know, are refused', () => {
    const answer = session().answer(sdp('m=image 5 udptl t38', ...VIDEO, ...VOICE, ...VIDEO));
    expect(answer!.media.map(({ kind, port }) => [kind, port])).toEqual([
      ['image', 0],
      ['video', 10_002],
      ['audio', 10_000],
      ['video', 0],
    ]);
  });

  it.each([
    ['no codec that we may', session(['h263']), ['m=video 4002 RTP/AVP 97', 'a=rtpmap:97 H264/90000']],
    ['encryption that we have not', session(), ['m=video 4002 RTP/SAVP 97', 'a=rtpmap:97 H264/90000']],
    ['port 0', session(), ['m=video 0 RTP/AVP 97', 'a=rtpmap:97 H264/90000']],
    ['no room for it here', session(['h264'], null), ['m=video 4002 RTP/AVP 97', 'a=rtpmap:97 H264/90000']],
    ['a number out of range', session(), ['m=video 4002 RTP/AVP 397', 'a=rtpmap:397 H264/90000']],
  ])('is a call of voice where it has %s', (_why, one, lines) => {
    const answer = one.answer(sdp(...VOICE, ...lines));
    expect(answer!.media.map(({ port }) => port)).toEqual([10_000, 0]);
    expect(one.agreement!.video).toBeUndefined();
  });

  it('is answered with port 0 where the other party has no picture, or packs H.264 otherwise', () => {
    for (const other of [[], [{ ...H264, parameters: 'profile-level-id=428014' }]]) {
      const one = session();
      one.see(other);
      expect(one.answer(sdp(...VOICE, ...VIDEO))!.media.map(({ port }) => port)).toEqual([10_000, 0]);
    }
  });

  it('knows H.261 and H.263 by their numbers', () => {
    const one = session(['h263']);
    one.answer(sdp(...VOICE, 'm=video 4002 RTP/AVP 34'));
    expect(one.agreement!.video!.format).toMatchObject({ codec: 'h263', payloadType: 34 });
  });
});

describe('an offer of ours with video', () => {
  it('has the formats of the other party that the phone may have, with a number of its own each', () => {
    const one = session();
    one.see([H264, { codec: 'h263', payloadType: 34 }, { codec: 'vp8', payloadType: 105 }]);
    expect(videoLines(one.makeOffer())).toEqual([
      'm=video 10002 RTP/AVP 105 106',
      'a=rtpmap:105 H264/90000',
      'a=fmtp:105 packetization-mode=1;profile-level-id=428014',
      'a=rtcp-fb:105 nack pli',
      'a=rtcp-fb:105 ccm fir',
      'a=rtpmap:106 VP8/90000',
      'a=rtcp-fb:106 nack pli',
      'a=rtcp-fb:106 ccm fir',
      'a=sendrecv',
    ]);
    one.handleAnswer(sdp(...VOICE, 'm=video 5000 RTP/AVP 106', 'a=rtpmap:106 VP8/90000', 'a=sendonly'));
    expect(one.agreement!.video).toMatchObject({ format: { codec: 'vp8', payloadType: 106 }, direction: 'recvonly' });
    expect(one.video).toMatchObject([{ codec: 'vp8' }]);
  });

  it('says of H.264 from a party that said nothing what all send', () => {
    const one = session();
    one.see([{ codec: 'h264' }]);
    expect(videoLines(one.makeOffer())).toContain('a=fmtp:99 profile-level-id=42801f;packetization-mode=1');
  });

  it('has none in a call of voice, and none any more once the far end refused it', () => {
    expect(videoLines(session().makeOffer())).toEqual([]);
    const one = session();
    one.see([H264]);
    one.makeOffer();
    one.handleAnswer(sdp(...VOICE, 'm=video 0 RTP/AVP 105'));
    expect(one.agreement!.video).toBeUndefined();
    one.hold(true);
    expect(videoLines(one.makeOffer())).toEqual(['m=video 0 RTP/AVP 105']);
  });

  it('keeps the picture over hold, in its direction', () => {
    const one = session();
    one.answer(sdp(...VOICE, ...VIDEO));
    one.hold(true);
    const lines = videoLines(one.makeOffer());
    expect(lines[0]).toBe('m=video 10002 RTP/AVP 96');
    expect(lines.at(-1)).toBe('a=sendonly');
  });
});

describe('INFO for a whole picture [RFC5168]', () => {
  it('is written as it is read', () => {
    const { type, bytes } = infoBody({ type: 'picture-wanted' });
    expect(type).toBe('application/media_control+xml');
    expect(parseInfo({ headers: new HeaderFields([['Content-Type', type]]), body: bytes })).toEqual({
      type: 'picture-wanted',
    });
    const other = utf8Encode('<media_control><vc_primitive/></media_control>');
    expect(parseInfo({ headers: new HeaderFields([['Content-Type', type]]), body: other })).toBeUndefined();
  });
});
