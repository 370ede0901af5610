import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import { decodeSample } from 'node-pcm-codecs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fromHex } from '../../src/base/bytes.ts';
import { type Appliance, bundle } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { strongestHz } from '../support/audio.ts';
import { Baresip } from '../support/baresip.ts';
import { BRANCH, CENTRE, startBranch, startCentre } from '../support/branch-office.ts';
import { describeWithPeers } from '../support/peers.ts';
import { Program } from '../support/program.ts';
import { waitUntil } from '../support/wait-until.ts';

const execute = promisify(execFile);

/** 160 bytes of G.711, the headers of the media, UDP, IP and Ethernet, and pcapng's own. */
const BYTES_PER_PACKET = 240;

const SIP = `sip:
  listen: [udp://${BRANCH}:5060, tcp://${BRANCH}:5060]
  phones:
    "211": { secret: secret-211, context: office }`;

describeWithPeers('branchline capture', ['asterisk22', 'tshark', 'baresip'], () => {
  let centre: Asterisk;
  let office: Appliance;
  const folder = mkdtempSync(join(tmpdir(), 'branchline-capture-'));
  const file = join(folder, 'call.pcapng');

  beforeAll(async () => {
    centre = await startCentre('22');
    office = await startBranch({ sections: SIP, dialplan: 'exten => 601,1,Answer\nexten => 601,2,Milliwatt\n' });
    await office.waitForRegistration('hq', 'registered', 5_000);
  });

  afterEach(async () => {
    await office.rest(1, 2);
  });

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  function capture(...args: string[]): Program {
    rmSync(file, { force: true });
    const data = join(office.folder, 'data');
    return new Program('branchline capture', execPath, [bundle, 'capture', '-o', file, '--data', data, ...args]);
  }

  /** About `packets` of voice, each with its header in the file. */
  function written(packets: number): Promise<unknown> {
    const size = packets * BYTES_PER_PACKET;
    return waitUntil(`${size} bytes in the file`, 20_000, () => existsSync(file) && statSync(file).size >= size);
  }

  async function dialFrom1(number: string): Promise<void> {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, number);
    await office.waitForLine(1, 'talking', 10_000);
  }

  async function tshark(filter: string, ...fields: string[]): Promise<string[][]> {
    const names = ['frame.number', ...fields].flatMap((name) => ['-e', name]);
    const { stdout } = await execute(
      'tshark',
      ['-r', file, '--enable-heuristic', 'rtp_udp', '-Y', filter, '-T', 'fields', ...names],
      {
        maxBuffer: 64 << 20,
      },
    );
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  async function expectNoComplaint(): Promise<void> {
    // Checksums are looked at, too.
    const complaints = await tshark('_ws.malformed || _ws.expert.severity >= 8388608 || udp.checksum.status == 0');
    expect(complaints).toEqual([]);
  }

  test('writes a call from its first frame to its last, as tshark reads it', async () => {
    const program = capture();
    await written(0);
    await dialFrom1('7601');
    await written(250);
    await office.rest(1);
    program.signal('SIGINT');
    expect(await program.exit()).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const iax = (await tshark('iax2.iax.subclass', 'iax2.iax.subclass')).map(([, subclass]) => Number(subclass));
    // NEW, AUTHREQ, AUTHREP, ACCEPT, HANGUP
    for (const subclass of [1, 8, 9, 7, 5]) expect(iax).toContain(subclass);
    for (const from of [BRANCH, CENTRE]) {
      const minis = await tshark(`ip.src == ${from} && iax2.packet_type == 0`);
      expect(minis.length).toBeGreaterThan(80);
    }
    await expectNoComplaint();
  });

  test('writes one call alone, and ends with it', async () => {
    await centre.originate('IAX2/branch1/202', { application: 'Milliwatt' });
    await office.waitForLine(2, 'ringing', 5_000);
    await office.lift(2);
    await dialFrom1('7601');
    const { calls } = await office.waitForStatus('two calls', 5_000, (it) => it.calls.length === 2);
    const mine = calls.find(({ to }) => to.includes('7601'))!;
    const program = capture('--call', mine.id);
    await written(100);
    await office.hangUp(1);
    expect(await program.exit()).toBe(0);

    const senders = new Set((await tshark('iax2', 'ip.src', 'iax2.src_call')).map(([, ip, call]) => `${ip} ${call}`));
    expect(senders.size).toBe(2);
    // Where the machine stands still it is sent again.
    const ends = await tshark('iax2.iax.subclass == 5', 'iax2.src_call', 'iax2.oseqno');
    expect(new Set(ends.map(([, ...of]) => of.join(' '))).size).toBe(1);
    await expectNoComplaint();
  });

  test('writes the call of a SIP phone over TCP alone, with its voice, which can be played', async () => {
    const server = `${BRANCH}:5060`;
    const phone = await Baresip.start({ user: '211', secret: 'secret-211', server, account: ';transport=tcp' });
    try {
      await office.waitForStatus('its registration', 10_000, ({ phones }) => phones['211']?.state === 'registered');
      await phone.dial('601');
      await phone.waitForEvent('CALL_ESTABLISHED');
      const { calls } = await office.waitForStatus('the call', 5_000, (it) => it.calls.length === 1);
      await dialFrom1('7601');
      const program = capture('--call', calls[0]!.id);
      await written(150);
      await phone.command('hangup');
      expect(await program.exit()).toBe(0);
    } finally {
      await phone.dispose();
    }
    expect(await tshark('iax2')).toEqual([]);
    const methods = await tshark('sip && tcp', 'sip.CSeq.method');
    expect(methods.map(([, method]) => method)).toEqual(['BYE', 'BYE']);
    const voice = (direction: 'in' | 'out') =>
      tshark(
        `udp && !rtcp && frame.len == 200 && frame.packet_flags_direction == ${direction === 'in' ? 1 : 2}`,
        ...['udp.payload', 'udp.srcport'],
      );
    expect((await voice('in')).length).toBeGreaterThan(50);
    const out = await voice('out');
    const packets = out.map(([, payload]) => fromHex(payload!)!.subarray(12));
    const samples = Int16Array.from(Buffer.concat(packets), (code) => decodeSample('ulaw', code));
    expect(strongestHz(samples)).toBeCloseTo(1004, 0);
    const port = out[0]![2];
    const decoded = await tshark(`rtp.p_type == 0 && udp.srcport == ${port}`, 'rtp.seq');
    expect(decoded.length).toBe(packets.length);
    await expectNoComplaint();
  });

  test('says so if there is no such call, or nobody to ask', async () => {
    const unknown = capture('--call', 'c999');
    expect(await unknown.exit()).toBe(1);
    expect(unknown.stderr).toMatch(/there is no call c999/);
    const nobody = capture('--data', folder);
    expect(await nobody.exit()).toBe(1);
    expect(nobody.stderr).toMatch(/no appliance runs/);
  });

  test('is not to be had over TCP', async () => {
    const response = await office.request('GET', '/api/capture');
    expect(response.status).toBe(404);
  });
});
