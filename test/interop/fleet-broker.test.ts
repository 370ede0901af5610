import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Appliance, bundle } from '../support/appliance.ts';
import { CertificateAuthority } from '../support/certificates.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { Mosquitto } from '../support/mosquitto.ts';
import { describeWithPeers } from '../support/peers.ts';
import { Program } from '../support/program.ts';
import { waitUntil } from '../support/wait-until.ts';

const examples = join(import.meta.dirname, '../../deploy/mosquitto');

describeWithPeers('the example broker of deploy/mosquitto', ['mosquitto', 'openssl'], () => {
  const ip = loopbackAddress(43);
  const folder = mkdtempSync(join(tmpdir(), 'branchline-fleet-'));
  const clients: MqttClient[] = [];
  let broker: Mosquitto;
  let url: string;
  let appliance: Appliance;

  beforeAll(async () => {
    const authority = new CertificateAuthority(folder);
    authority.issue('server', ip);
    for (const [index, user] of ['lyon-01', 'graz-02', 'ops', 'reader'].entries()) {
      const create = index === 0 ? ['-c'] : [];
      execFileSync('mosquitto_passwd', ['-b', ...create, join(folder, 'passwords'), user, `secret-${user}`], {
        stdio: 'pipe',
      });
    }
    writeFileSync(join(folder, 'ops.password'), 'secret-ops\n');
    const settings = readFileSync(join(examples, 'mosquitto.conf'), 'utf8')
      .replace(/^listener .*$/m, '')
      .replace(/^persistence .*$/m, 'persistence false')
      .replaceAll('/etc/mosquitto/acl', join(examples, 'acl'))
      .replaceAll('/etc/mosquitto/', `${folder}/`);
    broker = new Mosquitto(ip, 8883, settings);
    await broker.start();
    url = broker.url.replace('mqtt:', 'mqtts:');
    appliance = new Appliance({
      config: `
site: { id: lyon-01, country: fr }
hat: { port: emulator, emulator: plain, lines: [{ port: 1, kind: fxs, extension: "201", context: office }] }
dialplan: |
  [office]
  exten => 600,1,Echo
mqtt: { url: "${url}", username: lyon-01, password: secret-lyon-01, tls: { ca: { file: ${join(folder, 'ca.pem')} } } }
`,
    });
    await appliance.start();
  });

  afterAll(async () => {
    for (const client of clients) await client.endAsync(true);
    await appliance?.dispose();
    await broker?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  async function login(username: string): Promise<MqttClient> {
    const ca = readFileSync(join(folder, 'ca.pem'));
    const client = await connectAsync(url, {
      username,
      password: `secret-${username}`,
      ca,
      protocolVersion: 5,
      reconnectPeriod: 0,
    });
    client.on('error', () => {});
    clients.push(client);
    return client;
  }

  const fleet = async (...args: string[]) => {
    const access = [
      '--broker',
      url,
      '--username',
      'ops',
      '--password-file',
      join(folder, 'ops.password'),
      '--ca',
      join(folder, 'ca.pem'),
    ];
    const program = new Program('branchline fleet', execPath, [bundle, 'fleet', ...args, ...access]);
    return { code: await program.exit(20_000), out: program.stdout, err: program.stderr };
  };

  it('takes an office over TLS with its name and password, and shows it to head office', async () => {
    await appliance.waitForStatus('the broker', 5_000, ({ mqtt }) => mqtt?.state === 'connected');
    const listed = await waitUntil('the office', 10_000, async () => {
      const { out } = await fleet('list');
      return out.includes('lyon-01') ? out : undefined;
    });
    expect(listed).toMatch(/^lyon-01 +online/m);
  });

  it('lets head office command it, and nobody else', async () => {
    const seen: string[] = [];
    const ops = await login('ops');
    ops.on('message', (topic) => void seen.push(topic));
    await ops.subscribeAsync('branchline/+/reply/+', { qos: 1 });
    const graz = await login('graz-02');
    await expect(graz.publishAsync('branchline/lyon-01/cmd/identify', '{"id":"evil"}', { qos: 1 })).rejects.toThrow(
      /not authorized/i,
    );
    await ops.publishAsync('branchline/lyon-01/cmd/identify', '{"id":"good"}', { qos: 1 });
    await waitUntil('the answer', 5_000, () => seen.includes('branchline/lyon-01/reply/good'));
    expect(seen).toEqual(['branchline/lyon-01/reply/good']);
  });

  it('keeps what an office is told from the others', async () => {
    const heard: string[] = [];
    const graz = await login('graz-02');
    graz.on('message', (topic) => void heard.push(topic));
    await graz.subscribeAsync('branchline/#', { qos: 1 }).catch(() => {});
    const reader = await login('reader');
    const shown: string[] = [];
    reader.on('message', (topic) => void shown.push(topic));
    await reader.subscribeAsync('branchline/+/state', { qos: 1 });
    await waitUntil('the state', 5_000, () => shown.includes('branchline/lyon-01/state'));
    expect(heard.filter((topic) => topic.startsWith('branchline/lyon-01/'))).toEqual([]);
  });

  it('is refused when its certificate is by nobody that is trusted', async () => {
    const stranger = new Appliance({
      config: `site: { id: graz-02, country: at }\nmqtt: { url: "${url}", username: graz-02, password: secret-graz-02 }\n`,
    });
    try {
      await stranger.start();
      const { mqtt } = await stranger.waitForStatus('the refusal', 5_000, (status) => status.mqtt?.state === 'waiting');
      expect(mqtt!.reason).toMatch(/certificate/i);
      expect(stranger.log).not.toContain('secret-graz-02');
    } finally {
      await stranger.dispose();
    }
  });
});
