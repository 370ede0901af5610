import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NativeBoard } from '../../../firmware-bridge/emulator/native-board.ts';
import { freeUdpPort } from '../../../src/io/free-port.ts';
import { Appliance } from '../../support/appliance.ts';
import { BRANCH } from '../../support/branch-office.ts';
import { FaxMachine, type FaxReceived } from '../../support/fax-machine.ts';
import { FaxModem } from '../../support/fax-modem.ts';
import { nativeFirmware } from '../../support/firmware.ts';
import { peerMissing } from '../../support/peers.ts';
import { Program } from '../../support/program.ts';
import { RealTimeHat } from '../../support/real-time-hat.ts';

/** iaxmodem gives its line to an owner, which only root can do. */
const missing = (['iaxmodem', 'efax', 'spandsp', 'gcc', 'socat'] as const).find((peer) => peerMissing(peer));
const why = missing === undefined ? (getuid?.() === 0 ? '' : ' (not as root)') : ` (without ${missing})`;
const SECRET = 'of-the-modem';
const CALLS = 4;
const PERFECT: FaxReceived = { pages: 1, bitsPerSecond: 14_400, badRows: 0 };
const FIRST = -15;

/** efax drives iaxmodem, which calls over IAX2; on the copper of the fax line spandsp receives. */
describe.skipIf(why !== '')(`a fax from iaxmodem to a fax line of the HAT${why}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-fax-'));
  const device = join(folder, 'hat-uart');
  let hat: RealTimeHat;
  let office: Appliance;
  let modem: FaxModem;
  let sending: Program | undefined;
  let machine: FaxMachine | undefined;

  beforeAll(async () => {
    // A modem cannot train on a line with gaps: all that is started from here on inherits that it goes first.
    setPriority(FIRST);
    hat = new RealTimeHat(device, new NativeBoard({ program: nativeFirmware('host'), ports: [1] }), [1]);
    await hat.plugIn();
    office = new Appliance({
      config: `
site: { id: fax, country: us }
hat:
  port: ${device}
  lines:
    - { port: 1, kind: fxs, extension: "241", context: office, fax: true }
iax2:
  bind: ${BRANCH}:4569
  peers:
    modem: { secret: ${SECRET}, context: office, codecs: [ulaw], callToken: no }
dialplan: |
  [office]
  exten => 241,1,Dial(LINE/1,30)
`,
    });
    await office.start();
    await office.waitForStatus('the line', 10_000, ({ lines }) => lines['1']?.state === 'idle');
    const port = await freeUdpPort(0);
    modem = await FaxModem.start({ port, server: BRANCH, name: 'modem', secret: SECRET, number: '230' });
    await office.waitForStatus('the modem', 15_000, (it) => it.trunks['modem']?.address === `127.0.0.1:${port}`);
  });

  afterAll(async () => {
    setPriority(0);
    machine?.dispose();
    await sending?.stop(1_000);
    await modem?.dispose();
    await office?.dispose();
    await hat?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('arrives as it was sent, dot by dot', async () => {
    const text = Array.from({ length: 12 }, (_, i) => `${i}: the quick brown fox jumps over the lazy dog`);
    writeFileSync(join(folder, 'page.txt'), text.join('\n'));
    efix('-i', 'text', '-o', 'tiffg3', '-p', '215x70mm', '-n', 'page.%03d', 'page.txt');
    let received: FaxReceived | undefined;
    // Like any fax machine, it calls again where the machine stood still in the middle: a modem hears that as a bad line.
    for (let call = 0; call < CALLS && !isPerfect(received); call++) received = await transmit();
    expect(received, sending?.stderr).toEqual(PERFECT);
    const sent = dotsOf(efix('-i', 'tiffg3', '-o', 'pbm', 'page.001'));
    const arrived = dotsOf(readFileSync(join(folder, 'received.pbm')));
    expect(sent.some((byte) => byte !== 0)).toBe(true);
    expect(arrived.length).toBeGreaterThanOrEqual(sent.length);
    expect(arrived.subarray(-sent.length).equals(sent)).toBe(true);
    // The sender's header comes first, which is empty.
    expect(arrived.subarray(0, -sent.length).every((byte) => byte === 0)).toBe(true);
  }, 300_000);

  /** One call of the modem with one page; undefined when it was not confirmed. */
  async function transmit(): Promise<FaxReceived | undefined> {
    const phone = hat.surroundings.phone(1)!;
    const fax = new FaxMachine(phone, folder, join(folder, 'received.pbm'));
    machine = fax;
    const options = ['-v', 'chewmainr', '-d', modem.device, '-l', '230', '-h', '', '-t', 'T241', 'page.001'];
    sending = new Program('efax', 'efax', options, { cwd: folder });
    await sending.waitFor('the bell of the fax line', 20_000, () => phone.cadence !== undefined);
    fax.answer();
    const isConfirmed = (await sending.exit(90_000)) === 0;
    const received = await fax.hangUp();
    await office.waitForStatus('the line', 10_000, ({ lines }) => lines['1']?.state === 'idle');
    return isConfirmed ? received : undefined;
  }

  function isPerfect(received: FaxReceived | undefined): boolean {
    return isDeepStrictEqual(received, PERFECT);
  }

  /** The rows of a bitmap, eight dots a byte. */
  function dotsOf(bitmap: Buffer): Buffer {
    return bitmap.subarray(bitmap.indexOf('\n') + 1);
  }

  function efix(...args: string[]): Buffer {
    return execFileSync('efix', args, { cwd: folder, maxBuffer: 1 << 24, stdio: 'pipe' });
  }
});
