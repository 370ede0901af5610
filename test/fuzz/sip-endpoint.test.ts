import { describe, it } from 'vitest';
import { toHex, utf8Decode, utf8Encode } from '../../src/base/bytes.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { isMalformed } from '../../src/sip/malformed.ts';
import { MediaSession } from '../../src/sip/offer-answer.ts';
import { formatSdp, parseSdp } from '../../src/sip/sdp.ts';
import { FUZZ_MS, FUZZ_SEED } from '../support/fuzz.ts';
import { Network, ROUGH } from '../support/network.ts';
import { office, phone, SipSwitch } from '../support/sip-world.ts';

const OFFICE = { ip: '192.0.2.10', port: 5060 };
const PHONE = { ip: '192.0.2.21', port: 5060 };

const SDP = utf8Encode(
  [
    'v=0',
    'o=- 1 1 IN IP4 192.0.2.1',
    's=-',
    'c=IN IP4 192.0.2.1',
    't=0 0',
    'm=audio 4000 RTP/AVP 0 8 13 101',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-16',
    'a=ptime:20',
    'a=maxptime:60',
    'a=rtcp:4001',
    'a=sendonly',
    'm=video 0 RTP/AVP 99',
    'c=IN IP6 ::1',
    'm=video 4002 RTP/AVPF 97 34',
    'a=rtpmap:97 H264/90000',
    'a=fmtp:97 profile-level-id=42801f;packetization-mode=1',
    'a=rtcp-fb:* nack pli',
    '',
  ].join('\r\n'),
);
const WORDS = [
  '0',
  '-1',
  '65536',
  '0.0.0.0',
  '::',
  'm=',
  'a=',
  '\r\n',
  ' ',
  '/',
  ':',
  'IN IP4 ',
  'sendrecv',
  'PCMU/8000',
].map(utf8Encode);

function mutate(bytes: Uint8Array, words: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  const changed = [...bytes];
  for (let times = 1 + random.integer(3); times > 0; times--) {
    const at = random.integer(changed.length + 1);
    const word = words[random.integer(words.length)]!;
    const kind = random.integer(3);
    if (kind === 0) changed.splice(at, 1, random.integer(256));
    else if (kind === 1) changed.splice(at, random.integer(12));
    else changed.splice(at, random.integer(6), ...word);
  }
  return Uint8Array.from(changed);
}

describe('what strangers and broken phones send', { timeout: FUZZ_MS + 60_000 }, () => {
  it('no session description makes us throw, and every answer of ours can be read', () => {
    const random = new SeededRandom(FUZZ_SEED);
    const start = performance.now();
    let runs = 0;
    for (; performance.now() - start < FUZZ_MS * 0.3; runs++) {
      const bytes = mutate(SDP, WORDS, random);
      try {
        const offer = parseSdp(bytes);
        if (isMalformed(offer)) continue;
        const video = { codecs: ['h264', 'h263'], port: () => 10_002 } as const;
        const local = { address: OFFICE, codecs: ['ulaw', 'alaw', 'g722'], sessionId: '1', video } as const;
        const session = new MediaSession(local);
        session.accepts(offer);
        if (random.integer(2) === 0) session.see(session.video.slice(random.integer(2)));
        const answer = session.answer(offer);
        if (answer === undefined) continue;
        if (answer.media.length !== offer.media.length) throw new Error('a stream is missing in the answer');
        const read = parseSdp(utf8Encode(formatSdp(answer)));
        if (isMalformed(read)) throw new Error('our answer is malformed');
        session.hold(true);
        const again = parseSdp(utf8Encode(formatSdp(session.makeOffer())));
        if (isMalformed(again)) throw new Error('our offer is malformed');
        session.handleAnswer(offer);
      } catch (error) {
        throw new Error(`sdp, seed ${FUZZ_SEED}, run ${runs}: ${toHex(bytes)}`, { cause: error });
      }
    }
    console.log(`session descriptions: ${runs}, seed ${FUZZ_SEED}`);
  });

  it('messages changed on their way harm no endpoint, and calls end in the end', () => {
    const start = performance.now();
    let [runs, messages] = [0, 0];
    for (; performance.now() - start < FUZZ_MS * 0.7; runs++) {
      const seed = (FUZZ_SEED + runs) >>> 0;
      const random = new SeededRandom(seed);
      const network = new Network(seed, ROUGH);
      const centre = new SipSwitch(network, OFFICE, seed, { phones: [phone('211')] });
      const desk = new SipSwitch(network, PHONE, seed + 1, { trunks: [office(OFFICE, '211')] });
      network.runFor(2_000);
      centre.onCall = (call, event, nowMs) => {
        if (event.type === 'incoming') {
          call.progress(nowMs);
          call.answer(nowMs);
        }
      };
      let last = new Uint8Array(0);
      const inject = (from: typeof OFFICE, to: typeof OFFICE, bytes: Uint8Array) => {
        messages++;
        if (random.integer(3) > 0) return;
        // The tap is off while we send our own.
        network.tap = undefined;
        last = new Uint8Array(mutate(bytes, [...WORDS, ...words(bytes)], random));
        network.carry(from, to, last);
        network.tap = inject;
      };
      network.tap = inject;
      try {
        const call = desk.dial('office', '600');
        network.runFor(2_000);
        desk.with(call, (leg, nowMs) => leg.hold(nowMs));
        network.runFor(5_000);
        desk.with(call, (leg, nowMs) => leg.flash(nowMs));
        desk.with(call, (leg, nowMs) => leg.transferTo('202', nowMs));
        network.runFor(2_000);
        desk.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
        network.tap = undefined;
        for (const station of [centre, desk]) station.command((endpoint, nowMs) => endpoint.stop(nowMs));
        network.runFor(1_000_000);
        for (const station of [centre, desk])
          if (!station.endpoint.isIdle) throw new Error(`something is left: ${JSON.stringify(station.endpoint.load)}`);
      } catch (error) {
        throw new Error(`seed ${seed}: ${utf8Decode(last)}`, { cause: error });
      }
    }
    console.log(`${runs} calls with ${messages} messages, seed ${FUZZ_SEED}`);
  });
});

/** Lines of a message, to be put where they do not belong. */
function words(bytes: Uint8Array): Uint8Array[] {
  return utf8Decode(bytes)
    .split('\r\n')
    .slice(0, 8)
    .map((line) => utf8Encode(`${line}\r\n`));
}
