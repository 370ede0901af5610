import { describe, it } from 'vitest';
import { equalBytes, toHex, utf8Encode } from '../../src/base/bytes.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { isMalformed } from '../../src/sip/malformed.ts';
import { contactsOf, makeResponse } from '../../src/sip/message.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { checkRequest } from '../../src/sip/request-check.ts';
import { StreamFramer } from '../../src/sip/stream-framer.ts';
import { sameUri } from '../../src/sip/uri.ts';
import { branchOf, responseHop, stampVia } from '../../src/sip/via.ts';
import { encodeMessage, encodeRefusal } from '../../src/sip/write.ts';
import { FUZZ_MS, FUZZ_SEED } from '../support/fuzz.ts';
import { TORTURE_MESSAGES } from '../vectors/sip/rfc4475.ts';
import { IPV6_MESSAGES } from '../vectors/sip/rfc5118.ts';

const ABILITIES = { methods: ['INVITE', 'ACK', 'OPTIONS', 'REGISTER'], extensions: [], bodies: ['application/sdp'] };
const FROM = { transport: 'udp', ip: '192.0.2.1', port: 5060 } as const;
const VALID = [...TORTURE_MESSAGES, ...IPV6_MESSAGES].map(({ bytes }) => bytes);
/** What has a meaning somewhere in the grammar, and numbers at edges. */
const WORDS = [
  ...'",;<>@:\\/?=&[]%* \t\r\n',
  '\r\n',
  '\r\n ',
  '\r\n\r\n',
  '4294967296',
  '-1',
  'z9hG4bK',
  '\u0000',
  '☎',
].map(utf8Encode);

/** What is accepted must be whole: written and read again, it is the same. */
function feed(bytes: Uint8Array): void {
  const message = parseMessage(bytes);
  if (isMalformed(message)) {
    if (message.refusal !== undefined) encodeRefusal(message.refusal);
    return;
  }
  const contacts = contactsOf(message.headers);
  if (!isMalformed(contacts) && contacts !== '*') for (const { uri } of contacts) sameUri(uri, message.from.uri);
  const written = encodeMessage(message);
  const again = parseMessage(written);
  if (isMalformed(again)) throw new Error(`what was written is malformed: ${again.reason}`);
  if (!equalBytes(encodeMessage(again), written)) throw new Error('the message changed on its way');
  const via = stampVia(message.vias[0]!, FROM, true);
  branchOf(via);
  responseHop(via, FROM);
  if (message.type !== 'request') return;
  const refusal = checkRequest(message, ABILITIES);
  const response = makeResponse(message, refusal?.status ?? 200, { toTag: 't', headers: refusal?.headers ?? [] });
  const read = parseMessage(encodeMessage({ ...response, vias: response.vias.slice(0, 1) }));
  if (isMalformed(read)) throw new Error(`our response is malformed: ${read.reason}`);
}

function feedStream(bytes: Uint8Array, random: SeededRandom): void {
  const framer = new StreamFramer(20_000);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.integer(200);
    for (const framed of framer.handleBytes(bytes.subarray(at, end))) if (framed.type === 'message') feed(framed.bytes);
    if (framer.pendingBytes > 20_400) throw new Error('the framer keeps too much');
    at = end;
  }
}

function mutate(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let changed = [...bytes];
  for (let times = 1 + random.integer(4); times > 0; times--) {
    const at = random.integer(changed.length + 1);
    const word = WORDS[random.integer(WORDS.length)]!;
    switch (random.integer(5)) {
      case 0:
        changed[at] = random.integer(256);
        break;
      case 1:
        changed.splice(at, random.integer(20));
        break;
      case 2:
        changed.splice(at, 0, ...word);
        break;
      case 3:
        changed.splice(at, word.length, ...word);
        break;
      default:
        changed = [...changed.slice(0, at), ...changed.slice(random.integer(changed.length + 1))];
    }
  }
  return Uint8Array.from(changed, (byte) => byte ?? 0);
}

function runFor(
  budgetMs: number,
  title: string,
  once: (random: SeededRandom) => Uint8Array,
  use = feed as typeof feedStream,
) {
  const random = new SeededRandom(FUZZ_SEED);
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < budgetMs) {
    for (let i = 0; i < 50; i++, runs++) {
      const bytes = once(random);
      try {
        use(bytes, random);
      } catch (error) {
        throw new Error(`${title}, seed ${FUZZ_SEED}, run ${runs}: ${toHex(bytes)}`, { cause: error });
      }
    }
  }
  console.log(`${title}: ${runs} messages, seed ${FUZZ_SEED}`);
}

describe('no bytes make the SIP parser throw', { timeout: FUZZ_MS + 60_000 }, () => {
  const any = (random: SeededRandom) => VALID[random.integer(VALID.length)]!;

  it('random bytes', () => {
    runFor(FUZZ_MS * 0.1, 'random bytes', (random) =>
      Uint8Array.from({ length: random.integer(400) }, () => random.integer(256)),
    );
  });

  it('messages of the RFCs, changed', () => {
    runFor(FUZZ_MS * 0.6, 'changed messages', (random) => mutate(any(random), random));
  });

  it('streams of messages, changed and cut anywhere', () => {
    const once = (random: SeededRandom) => mutate(Uint8Array.of(...any(random), ...any(random)), random);
    runFor(FUZZ_MS * 0.3, 'changed streams', once, feedStream);
  });
});
