import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SPEECH_DATA } from '../../src/media/speech-data.ts';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { startBranch, startCentre } from '../support/branch-office.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { describeAsterisk } from '../support/peers.ts';
import { RawAnswerer } from '../support/raw-answerer.ts';
import { waitUntil } from '../support/wait-until.ts';

const FAR = loopbackAddress(7);
const PEERS = `    far: { type: peer, host: "${FAR}:4569", codecs: [ulaw] }
    trunked: { type: peer, host: "${FAR}:4570", codecs: [ulaw], trunk: true }
`;
const DIALPLAN = `[from-hq]
exten => 9600,1,Dial(IAX2/far/1,30)
exten => 9601,1,Dial(IAX2/trunked/1,30)
`;
const FRAME = 160;
const CALLS = 4;

/** Words that espeak-ng spoke, µ-law, two seconds of them in whole frames. */
function speech(): Buffer {
  const words = Object.values(SPEECH_DATA).map((word) => Buffer.from(word, 'base64'));
  return Buffer.concat(words).subarray(0, 100 * FRAME);
}

describeAsterisk('speech that Asterisk says', (version) => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-speech-'));
  let centre: Asterisk;
  let office: Appliance;

  beforeAll(async () => {
    writeFileSync(join(folder, 'words.ulaw'), speech());
    centre = await startCentre(version);
    office = await startBranch({ codecs: '[ulaw]', peers: PEERS, dialplan: DIALPLAN });
    await office.waitForRegistration('hq', 'registered', 10_000);
  });

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    { way: 'a relayed call', number: '9600', port: 4569, isTrunk: false },
    { way: 'a trunk', number: '9601', port: 4570, isTrunk: true },
  ])('leaves by $way sample for sample', async ({ number, port, isTrunk }) => {
    const answerer = await RawAnswerer.open({ ip: FAR, port });
    const heard: Uint8Array[] = [];
    answerer.onVoice = (codes) => heard.push(Uint8Array.from(codes));
    const spoken = speech();
    expect(spoken.length).toBe(100 * FRAME);
    const isWhole = () => Buffer.concat(heard).includes(spoken);
    // A machine that stands still in the midst of it has more blocks than beats: then it is said once more.
    for (let call = 1; call <= CALLS && !isWhole(); call++) {
      heard.length = 0;
      await centre.originate(`IAX2/branch1/${number}`, { application: 'Playback', data: join(folder, 'words') });
      await waitUntil('the call to be over', 30_000, () => answerer.endedCount === call);
    }
    expect(isWhole()).toBe(true);
    expect(answerer.trunkFrameCount > 0).toBe(isTrunk);
    await answerer.close();
  });
});
