import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { equalBytes, fromHex } from '../../src/base/bytes.ts';
import { decodeFrame, encodeFrame } from '../../src/iax2/frame.ts';
import { decodeInformationElements, encodeInformationElements } from '../../src/iax2/information-element.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { decodeMetaTrunkFrame, encodeMetaTrunkFrame } from '../../src/iax2/meta-trunk.ts';
import { FRAME_TYPE } from '../../src/iax2/subclass.ts';
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
`;

/** The recorded branch calls a centre of ours. */
function replay(name: string, fields: object = {}) {
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
    extensions: [],
    dialplan: DIALPLAN,
  });
  let wasBound = false;
  let voice = 0;
  network.tap = (from, to, bytes) => {
    wasBound ||= centre.appliance.bindings.length === 1;
    if (from === CENTRE && to.port === BRANCH.port && bytes[0]! < 0x80) voice++;
  };
  new ReplayedBranch(network, BRANCH, CENTRE, flow).run();
  network.runFor(120_000);
  return { centre, wasBound, voice };
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
    expect(centre.ended).toEqual(['600 normal-unspecified', '600 normal-unspecified', '602 user-busy', '999 no-route']);
    expect(centre.appliance.bindings).toEqual([]);
    expect(centre.appliance.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
    // Our HANGUP was acknowledged by the frame before its ACK, which finds the call gone.
    expect(centre.counters.snapshot()).toEqual({ 'iax2.ended-call': 1 });
  });

  it('in trunk frames is heard, and comes back', () => {
    const { centre, voice } = replay('trunk', { trunk: 'timestamps' });
    expect(centre.ended).toEqual(['600 normal-unspecified']);
    expect(voice).toBeGreaterThan(10);
    expect(centre.counters.snapshot()).toEqual({});
  });

  it('encrypted is deciphered over its change of keys, and comes back', () => {
    const { centre, voice } = replay('aes128', { encryption: { method: 'aes128', force: true } });
    expect(centre.ended).toEqual(['600 normal-unspecified']);
    expect(voice).toBeGreaterThan(10);
    expect(centre.counters.get('iax2.undecipherable')).toBe(0);
  });
});
