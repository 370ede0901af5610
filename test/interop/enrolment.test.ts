import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSigningKeys } from '../../src/io/signing.ts';
import type { EnrolmentStatus } from '../../src/panel/enrolment-api.ts';
import type { StatusSnapshot } from '../../src/status/schema.ts';
import { Appliance, bundle } from '../support/appliance.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { Mosquitto } from '../support/mosquitto.ts';
import { watchBroker } from '../support/mqtt-watcher.ts';
import { describeWithPeers } from '../support/peers.ts';
import { Program } from '../support/program.ts';
import { waitUntil } from '../support/wait-until.ts';

const SITES = ['lyon-01', 'graz-02', 'ulm-03', 'oslo-04', 'bern-05'];
const CANARY = 'canary-secret-of-hq';

describeWithPeers('new boxes at mosquitto', ['mosquitto'], () => {
  const broker = new Mosquitto(loopbackAddress(47), 1883);
  const office = mkdtempSync(join(tmpdir(), 'branchline-office-'));
  const keys = generateSigningKeys();
  const boxes: Box[] = [];
  const heads: Program[] = [];
  let watcher: Awaited<ReturnType<typeof watchBroker>>;

  beforeAll(async () => {
    writeFileSync(join(office, 'ops.key'), keys.privateKey, { mode: 0o600 });
    writeFileSync(join(office, 'hq.secret'), `${CANARY}\n`);
    writeFileSync(
      join(office, 'office.yaml'),
      `site: { id: "{{site}}", country: fr }
hat: { port: emulator, emulator: plain, lines: [{ port: 1, kind: fxs, extension: "201", context: office }] }
iax2: { bind: "{{ip}}:4569", peers: { hq: { type: peer, host: 127.0.0.1, secret: { file: hq.secret } } } }
dialplan: |
  [office]
  exten => 201,1,Dial(LINE/1,20)
mqtt: { url: "${broker.url}", provisioning: { publicKey: ops.pub } }
`,
    );
    const ips = SITES.map((site, index) => `${site}: { ip: ${loopbackAddress(60 + index)} }\n`);
    writeFileSync(join(office, 'sites.yaml'), ips.join(''));
    await broker.start();
    watcher = await watchBroker(broker.url);
  });

  afterAll(async () => {
    for (const box of boxes) await box.dispose();
    for (const head of heads) await head.stop();
    await watcher?.close();
    await broker.dispose();
    rmSync(office, { recursive: true, force: true });
  });

  /** A box as it comes out of its carton. */
  class Box {
    readonly folder = mkdtempSync(join(tmpdir(), 'branchline-box-'));
    readonly file = join(this.folder, 'branchline-enrol.yaml');
    readonly program: Program;
    private readonly http = new Appliance({ config: '' });

    constructor(file?: string) {
      if (file !== undefined) writeFileSync(this.file, file);
      const places = ['--config', join(this.folder, 'none.yaml'), '--data', join(this.http.folder, 'data')];
      this.program = new Program('a new box', execPath, [bundle, 'run', ...places, '--enrol', this.file]);
      boxes.push(this);
    }

    get data(): string {
      return join(this.http.folder, 'data');
    }

    request(method: string, path: string, body?: unknown): Promise<Response> {
      return this.http.request(method, path, body);
    }

    enrolment(state: EnrolmentStatus['state']): Promise<EnrolmentStatus> {
      return this.program.waitFor(`to be ${state}`, 15_000, async () => {
        const response = await this.request('GET', '/api/enrolment').catch(() => undefined);
        const status = response?.ok === true ? ((await response.json()) as EnrolmentStatus) : undefined;
        return status?.state === state ? status : undefined;
      });
    }

    async serves(): Promise<StatusSnapshot> {
      await this.program.waitFor('to be ready', 20_000, () => /^ready$/m.test(this.program.stdout));
      return (await (await this.request('GET', '/api/status')).json()) as StatusSnapshot;
    }

    async dispose(): Promise<void> {
      this.program.signal('SIGINT');
      await this.program.stop();
      await this.http.dispose();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** `branchline fleet enrol`, and the codes that it said. */
  async function enrol(sites: readonly string[], ...more: string[]) {
    const files = [
      join(office, 'office.yaml'),
      '--key',
      join(office, 'ops.key'),
      '--values',
      join(office, 'sites.yaml'),
      '--json',
    ];
    const args = ['fleet', 'enrol', ...files, '--broker', broker.url, '--site', ...sites, ...more];
    const program = new Program('branchline fleet enrol', execPath, [bundle, ...args]);
    heads.push(program);
    const said = () =>
      program.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { site: string; code?: string; state?: string; note?: string });
    await program.waitFor(
      'codes',
      15_000,
      () => said().filter(({ code }) => code !== undefined).length === sites.length,
    );
    return { program, said, codes: said().flatMap(({ code }) => code ?? []) };
  }

  const told = () => watcher.messages.map(({ topic, payload }) => `${topic} ${payload}`).join('\n');

  it('a file on the boot partition gives a box its configuration once, and is gone then', async () => {
    const head = await enrol(['lyon-01'], '--directory', join(office, 'boxes'));
    const file = readFileSync(join(office, 'boxes/lyon-01/branchline-enrol.yaml'), 'utf8');
    const box = new Box(file);
    const status = await box.serves();
    expect(status.site).toBe('lyon-01');
    expect(Object.keys(status.trunks)).toEqual(['hq']);
    expect(existsSync(box.file)).toBe(false);
    expect(await head.program.exit(15_000)).toBe(0);
    expect(head.said().at(-1)).toEqual({ site: 'lyon-01', state: 'enrolled' });
    const kept = readFileSync(join(box.data, 'enrolled/branchline.yaml'), 'utf8');
    expect(kept).toMatch(/secret:\s*\{\s*sealed:/);
    expect(readFileSync(join(box.data, 'enrolled/ops.pub'), 'utf8')).toBe(keys.publicKey);
    await waitUntil('the site', 10_000, () => told().includes('branchline/lyon-01/health'));
    for (const text of [told(), kept, box.program.stderr, head.program.stdout]) expect(text).not.toContain(CANARY);
    expect(told()).not.toContain(head.codes[0]!.replaceAll('-', ''));
    expect(box.program.stderr).not.toContain(head.codes[0]!);
  });

  it('the code is typed on the keypad, LED by LED', async () => {
    const box = new Box(`broker: ${broker.url}\nhat: emulator\npublicKey: |\n${keys.publicKey.replace(/^/gm, '  ')}\n`);
    await box.enrolment('no-code');
    const head = await enrol(['graz-02']);
    // A key that is still down is not pressed again.
    const press = (key: string) =>
      waitUntil(`key ${key}`, 2_000, async () => {
        return (await box.request('POST', '/api/emulator/keypad', { press: key, ms: 40 })).ok;
      });
    const digits = head.codes[0]!.replaceAll('-', '');
    for (const [index, digit] of [...digits].entries()) {
      await press(digit);
      if (index === 7) {
        await box.program.waitFor('two LEDs', 5_000, async () => {
          const leds = await (await box.request('GET', '/api/emulator/leds')).text();
          return (leds.match(/white/g) ?? []).length === 2;
        });
      }
    }
    expect((await box.serves()).site).toBe('graz-02');
    expect(await head.program.exit(15_000)).toBe(0);
  });

  it('the form on the panel asks for what the box does not know, and says what is wrong', async () => {
    const box = new Box();
    expect(await box.enrolment('no-code')).toEqual({ state: 'no-code', reason: null, broker: null, publicKey: false });
    expect(await (await box.request('GET', '/')).text()).toContain('id="enrolment"');
    const head = await enrol(['ulm-03']);
    const give = async (form: object) => {
      const response = await box.request('POST', '/api/enrolment', form);
      return { status: response.status, body: (await response.json()) as { error?: string; state?: string } };
    };
    expect(await give({ code: '1234' })).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/not a code/) },
    });
    expect(await give({ code: head.codes[0] })).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/broker/) },
    });
    expect(await give({ publicKey: 'no key' })).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/Ed25519/) },
    });
    const known = { broker: broker.url, publicKey: keys.publicKey };
    expect(await give({ ...known, code: head.codes[0] })).toMatchObject({ status: 200 });
    expect((await box.serves()).site).toBe('ulm-03');
    expect(await head.program.exit(15_000)).toBe(0);
  });

  it('a wrong code is refused on both ends, and taken out of the file, so that no start tries it again', async () => {
    const head = await enrol(['oslo-04']);
    const [number] = head.codes[0]!.split('-');
    const wrong = ['0000-0000-000', '1111-1111-111']
      .map((rest) => `${number}-${rest}`)
      .find((it) => !head.codes[0]!.startsWith(it))!;
    const last = [...'0123456789'].find((digit) => luhn(`${wrong}${digit}`.replaceAll('-', '')));
    const box = new Box(
      `broker: ${broker.url}\ncode: "${wrong}${last}"\npublicKey: |\n${keys.publicKey.replace(/^/gm, '  ')}\n`,
    );
    expect((await box.enrolment('refused')).reason).toBe('this is not the code');
    expect(readFileSync(box.file, 'utf8')).not.toMatch(/code/);
    await head.program.waitFor('the note', 5_000, () =>
      head.said().some(({ note }) => note === 'a wrong code, 1 of 5'),
    );
    await box.request('POST', '/api/enrolment', { code: head.codes[0] });
    expect((await box.serves()).site).toBe('oslo-04');
    expect(await head.program.exit(15_000)).toBe(0);
  });

  it('codes that nobody came with are worth nothing when the command ends', async () => {
    const head = await enrol(['bern-05'], '--expires', '2s');
    expect(await head.program.exit(15_000)).toBe(1);
    expect(head.said().at(-1)).toMatchObject({ site: 'bern-05', state: 'failed' });
    const retained = await watchBroker(broker.url);
    // The broker gives what it retains before what is told from now on.
    await retained.publish('others/marker', 'x', false);
    await waitUntil('all that is retained', 5_000, () =>
      retained.messages.some(({ topic }) => topic === 'others/marker'),
    );
    expect(retained.messages.filter(({ topic }) => topic.startsWith('branchline-enrol/'))).toEqual([]);
    await retained.close();
    expect(readdirSync(office)).not.toContain('bern-05');
  });
});

describe('a configuration with mistakes', () => {
  it('is told before anybody is given a code', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'branchline-office-'));
    writeFileSync(join(folder, 'ops.key'), generateSigningKeys().privateKey);
    writeFileSync(join(folder, 'a.yaml'), 'site: { id: lyon-01, country: fr }\nmqtt: { url: "mqtt://127.0.0.1:1" }\n');
    const args = ['fleet', 'enrol', join(folder, 'a.yaml'), '--key', join(folder, 'ops.key'), '--site', 'lyon-01'];
    const program = new Program('branchline', execPath, [bundle, ...args, '--broker', 'mqtt://127.0.0.1:1']);
    expect(await program.exit()).toBe(2);
    expect(program.stderr).toMatch(/mqtt\.provisioning\.publicKey/);
    rmSync(folder, { recursive: true, force: true });
  });
});

function luhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
