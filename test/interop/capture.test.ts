import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Appliance, bundle } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { BRANCH, CENTRE, startBranch, startCentre } from '../support/branch-office.ts';
import { describeWithPeers } from '../support/peers.ts';
import { Program } from '../support/program.ts';
import { pause, waitUntil } from '../support/wait-until.ts';

const execute = promisify(execFile);

describeWithPeers('branchline capture', ['asterisk22', 'tshark'], () => {
  let centre: Asterisk;
  let office: Appliance;
  const folder = mkdtempSync(join(tmpdir(), 'branchline-capture-'));
  const file = join(folder, 'call.pcapng');

  beforeAll(async () => {
    centre = await startCentre('22');
    office = await startBranch();
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
    const data = join(office.folder, 'data');
    return new Program('branchline capture', execPath, [bundle, 'capture', '-o', file, '--data', data, ...args]);
  }

  async function dialFrom1(number: string): Promise<void> {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, number);
    await office.waitForLine(1, 'talking', 10_000);
  }

  async function tshark(filter: string, ...fields: string[]): Promise<string[][]> {
    const names = ['frame.number', ...fields].flatMap((name) => ['-e', name]);
    const { stdout } = await execute('tshark', ['-r', file, '-Y', filter, '-T', 'fields', ...names], {
      maxBuffer: 64 << 20,
    });
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
    await waitUntil('the file to begin', 5_000, () => existsSync(file) && statSync(file).size > 0);
    await dialFrom1('7601');
    await pause(2_000);
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
    await pause(1_500);
    await office.hangUp(1);
    expect(await program.exit()).toBe(0);

    const senders = new Set((await tshark('iax2', 'ip.src', 'iax2.src_call')).map(([, ip, call]) => `${ip} ${call}`));
    expect(senders.size).toBe(2);
    expect((await tshark('iax2.iax.subclass == 5')).length).toBe(1);
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
