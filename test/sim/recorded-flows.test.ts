import { generateKeyPairSync } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { equalBytes, fromHex, utf8Decode } from '../../src/base/bytes.ts';
import { verifyIdentity } from '../../src/iax2/authentication.ts';
import { decodeFrame, encodeFrame } from '../../src/iax2/frame.ts';
import { decodeInformationElements, encodeInformationElements } from '../../src/iax2/information-element.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { decodeMetaTrunkFrame, encodeMetaTrunkFrame } from '../../src/iax2/meta-trunk.ts';
import type { PeerConfig } from '../../src/iax2/peer.ts';
import { controlSubclassName, FRAME_TYPE, iaxSubclassName } from '../../src/iax2/subclass.ts';
import { nodeCrypto } from '../../src/io/node-crypto.ts';
import { Site } from '../support/branch-world.ts';
import { ReplayedBranch, recordedFlow } from '../support/iax2-replay.ts';
import { peer } from '../support/iax2-world.ts';
import { FAIR, Network } from '../support/network.ts';

const BRANCH = { ip: '192.0.2.20', port: 4569 };
const CENTRE = { ip: '192.0.2.10', port: 4569 };
/** Of encrypted datagrams only the call numbers mean anything. */
const CLEAR = readdirSync(join(import.meta.dirname, '../vectors/iax2/flows'))
  .map((file) => file.replace('.json', ''))
  .filter((name) => name !== 'aes128');
/** As on the loopback interface that was recorded: an answer is there before the next thing is said. */
const AT_ONCE = { ...FAIR, minDelayMs: 0, maxDelayMs: 0 };

const DIALPLAN = `
[office]
[from-branch]
exten => 600,1,Answer
exten => 600,2,Echo
exten => 602,1,Hangup(17)
exten => 603,1,Hangup(34)
exten => 608,1,Busy(20)
exten => 609,1,Congestion(20)
exten => 611,1,Dial(LINE/1)
`;

interface Replay {
  /** Of the centre's section for the branch. */
  readonly peer?: Partial<PeerConfig>;
  /** PEM of the private key that the branch signs with. */
  readonly outKey?: string;
  /** Called before each thing that the branch says. */
  readonly act?: (centre: Site) => void;
}

/** The recorded branch calls a centre of ours, which has a telephone. */
function replay(name: string, { peer: fields = {}, outKey, act }: Replay = {}) {
  const flow = recordedFlow(name);
  const network = new Network(1, AT_ONCE);
  const centre = new Site(network, {
    address: CENTRE,
    seed: 1,
    peers: [
      peer({
        name: 'branch1',
        host: 'dynamic',
        secrets: [flow.secret],
        context: 'from-branch',
        codecs: ['ulaw'],
        ...fields,
      }),
    ],
    extensions: ['611'],
    dialplan: DIALPLAN,
  });
  let wasBound = false;
  let voice = 0;
  const said: string[] = [];
  network.tap = (from, to, bytes) => {
    wasBound ||= centre.appliance.bindings.length === 1;
    if (from !== CENTRE || to.port !== BRANCH.port) return;
    if (bytes[0]! < 0x80) voice++;
    else said.push(...decisionOf(bytes));
  };
  const branch = new ReplayedBranch(network, BRANCH, CENTRE, flow, outKey);
  branch.run(() => act?.(centre));
  network.runFor(120_000);
  return { centre, wasBound, voice, said };
}

/** What a full frame decides, with its cause or what it says of a number; nothing for all others. */
function decisionOf(bytes: Uint8Array): string[] {
  const frame = decodeFrame(bytes);
  if (frame.type !== 'full') return [];
  if (frame.frameType === FRAME_TYPE.CONTROL) {
    const name = controlSubclassName(frame.subclass);
    return name === 'BUSY' || name === 'CONGESTION' ? [name] : [];
  }
  if (frame.frameType !== FRAME_TYPE.IAX) return [];
  const name = iaxSubclassName(frame.subclass) ?? '';
  const ies = decodeInformationElements(frame.body);
  if (isMalformed(ies) || !/^(REGACK|REGREJ|ACCEPT|REJECT|HANGUP|DPREP)$/.test(name)) return [];
  if (name === 'DPREP') return [`DPREP ${ies.calledNumber} ${ies.dialplanStatus}`];
  return [ies.causeCode === undefined ? name : `${name} ${ies.causeCode}`];
}

/** What the recorded centre decided. */
function decisions(name: string): string[] {
  return recordedFlow(name).datagrams.flatMap(({ from, hex }) => (from === 'centre' ? decisionOf(fromHex(hex)!) : []));
}

describe('what real Asterisks said to each other', () => {
  it.each(CLEAR)('decodes and encodes to the same bytes (%s)', (name) => {
    for (const { hex } of recordedFlow(name).datagrams) {
      const bytes = fromHex(hex)!;
      const frame = decodeFrame(bytes);
      if (isMalformed(frame)) throw new Error(`${frame.reason}: ${hex}`);
      if (frame.type === 'meta-trunk') {
        const meta = decodeMetaTrunkFrame(bytes);
        if (isMalformed(meta)) throw new Error(`${meta.reason}: ${hex}`);
        expect(equalBytes(encodeMetaTrunkFrame(meta), bytes), hex).toBe(true);
        continue;
      }
      expect(equalBytes(encodeFrame(frame), bytes), hex).toBe(true);
      if (frame.type !== 'full' || frame.frameType !== FRAME_TYPE.IAX) continue;
      const ies = decodeInformationElements(frame.body);
      if (isMalformed(ies)) throw new Error(`${ies.reason}: ${hex}`);
      expect(equalBytes(encodeInformationElements(ies), frame.body), hex).toBe(true);
    }
  });

  it('played to a centre of ours registers, calls, is forgotten in time, and leaves nothing behind', () => {
    const { centre, wasBound } = replay('md5');
    expect(wasBound).toBe(true);
    expect(centre.ended).toEqual(['600 normal-clearing', '600 normal-clearing', '602 user-busy', '999 no-route']);
    expect(centre.appliance.bindings).toEqual([]);
    expect(centre.appliance.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
    // Our HANGUP was acknowledged by the frame before its ACK, which finds the call gone.
    expect(centre.counters.snapshot()).toEqual({ 'iax2.ended-call': 1 });
  });

  it('in trunk frames is heard, and comes back', () => {
    const { centre, voice } = replay('trunk', { peer: { trunk: 'timestamps' } });
    expect(centre.ended).toEqual(['600 normal-clearing']);
    expect(voice).toBeGreaterThan(10);
    expect(centre.counters.snapshot()).toEqual({});
  });

  it('encrypted is deciphered over its change of keys, and comes back', () => {
    const { centre, voice } = replay('aes128', { peer: { encryption: { method: 'aes128', force: true } } });
    expect(centre.ended).toEqual(['600 normal-clearing']);
    expect(voice).toBeGreaterThan(10);
    expect(centre.counters.get('iax2.undecipherable')).toBe(0);
  });

  it('of three calls in trunk frames without timestamps is heard, and comes back', () => {
    const { centre, voice } = replay('trunk-three-calls', { peer: { trunk: 'plain' } });
    expect(centre.ended).toEqual(Array.from({ length: 3 }, () => '600 normal-clearing'));
    expect(voice).toBeGreaterThan(10);
    expect(centre.counters.snapshot()).toEqual({});
  });

  describe('signed with RSA', () => {
    const { publicKey } = recordedFlow('rsa');
    const keys = generateKeyPairSync('rsa', {
      modulusLength: 1024,
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const rsa = (inKey: string) => ({ auth: ['rsa'], inKeys: [inKey], secrets: [] }) as const;

    it('is a proof by the key that signed, of the challenge that was given', () => {
      let [challenge, proofs] = ['', 0];
      for (const { hex } of recordedFlow('rsa').datagrams) {
        const frame = decodeFrame(fromHex(hex)!);
        if (isMalformed(frame) || frame.type !== 'full' || frame.frameType !== FRAME_TYPE.IAX) continue;
        const ies = decodeInformationElements(frame.body);
        if (isMalformed(ies)) throw new Error(ies.reason);
        if (ies.challenge !== undefined) challenge = utf8Decode(ies.challenge);
        if (ies.rsaResult === undefined) continue;
        const verifier = { methods: ['rsa'], secrets: [], inKeys: [publicKey!] } as const;
        expect(verifyIdentity(ies, challenge, verifier, nodeCrypto)).toBeDefined();
        expect(verifyIdentity(ies, `${challenge}0`, verifier, nodeCrypto)).toBeUndefined();
        proofs++;
      }
      expect(proofs).toBe(2);
    });

    it('registers and calls with the right key', () => {
      const { centre, said } = replay('rsa', { peer: rsa(keys.publicKey), outKey: keys.privateKey });
      expect(said).toEqual(['REGACK', 'ACCEPT']);
      expect(centre.ended).toEqual(['600 normal-clearing']);
      expect(centre.counters.snapshot()).toEqual({});
    });

    it('is refused with another', () => {
      const { centre, said } = replay('rsa', { peer: rsa(publicKey!), outKey: keys.privateKey });
      expect(said).toEqual(['REGREJ 29', 'REJECT 50']);
      expect(centre.counters.get('iax2.auth-failed')).toBe(2);
    });
  });

  it('with a wrong secret is refused, the registration and the call', () => {
    const { centre, wasBound, said } = replay('wrong-secret', { peer: { secrets: ['s3cret-of-the-branch'] } });
    expect(said).toEqual(['REGREJ 29', 'REJECT 50']);
    expect(wasBound).toBe(false);
    expect(centre.ended).toEqual([]);
    expect(centre.counters.get('iax2.auth-failed')).toBe(2);
  });

  it('of calls that come to nothing is answered with the causes and tones that Asterisk gave', () => {
    const { centre, said } = replay('failures');
    // What the dialplan hangs up before it answers we refuse; Asterisk accepts it first.
    const recorded = decisions('failures').join('\n').replaceAll('ACCEPT\nHANGUP', 'REJECT').split('\n');
    expect(said).toEqual(recorded);
    expect(recorded).toEqual([
      ...['REGACK', 'REJECT 3', 'REJECT 50', 'REJECT 17', 'REJECT 34'],
      ...['ACCEPT', 'BUSY', 'ACCEPT', 'CONGESTION'],
    ]);
    expect(centre.appliance.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
  });

  it('of a dialplan that asks for numbers gets the answers that Asterisk gave, and its call', () => {
    const { centre, said } = replay('switch', { peer: { remoteDialplan: true } });
    const recorded = decisions('switch');
    expect(said.slice(0, recorded.length)).toEqual(recorded);
    // Asterisk goes without a word; we tell it, as often as any frame, that nobody asks any more.
    expect(new Set(said.slice(recorded.length))).toEqual(new Set(['HANGUP 16']));
    expect(centre.ended).toEqual(['600 normal-clearing']);
    expect(centre.appliance.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
  });

  it('of a caller who sends the telephone on connects that to the other number, though he hangs up at once', () => {
    const { centre } = replay('blind-transfer', {
      act: (site) => {
        if (site.lineState(1) === 'ringing') site.lift(1);
      },
    });
    expect(centre.ended).toEqual(['611 normal-clearing', '602 user-busy']);
    expect(centre.appliance.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
  });
});
