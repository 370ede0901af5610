import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, getuid } from 'node:process';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { BrokerTls } from '../../../src/io/mqtt.ts';
import { bundle } from '../../support/appliance.ts';
import { publishTo } from '../../support/broker-link.ts';
import { CertificateAuthority } from '../../support/certificates.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { watchBroker } from '../../support/mqtt-watcher.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { Program } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { line, trunk } from '../../unit/status/readings.ts';

const readings = () => ({ trunks: { hq: trunk }, lines: { 1: line }, calls: [] });

describeWithPeers('mosquitto with certificates', ['mosquitto', 'openssl'], () => {
  const ip = loopbackAddress(46);
  const folder = mkdtempSync(join(tmpdir(), 'branchline-certificates-'));
  const [ours, others] = [new CertificateAuthority(folder), new CertificateAuthority(folder, 'stranger')];
  const client = ours.issue('lyon-01', ip);
  const clients = { ours: tlsOf(client), others: tlsOf(others.issue('lyon-02', ip)) };
  const listeners: string[] = [];

  /** One more listener, with a port of its own. */
  function listen(
    scheme: 'mqtts' | 'ws' | 'wss',
    certificate = ours.issue(`server-${listeners.length}`, ip),
    more = '',
  ) {
    const port = 8_900 + listeners.length;
    const lines = [`listener ${port} ${ip}`];
    if (scheme.startsWith('ws')) lines.push('protocol websockets');
    if (scheme !== 'ws') lines.push(`certfile ${certificate.cert}`, `keyfile ${certificate.key}`);
    listeners.push([...lines, more].join('\n'));
    return `${scheme}://${ip}:${port}`;
  }

  function tlsOf({ cert, key }: { readonly cert: string; readonly key: string }): BrokerTls {
    return { ca: ours.pem, cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  const right = listen('mqtts');
  const expired = listen('mqtts', ours.issue('expired', ip, -1));
  const unknown = listen('mqtts', others.issue('by-stranger', ip));
  const misnamed = listen('mqtts', ours.issue('misnamed', '192.0.2.1'));
  const asking = listen('mqtts', undefined, `require_certificate true\ncafile ${ours.file}`);
  const web = listen('ws');
  const secureWeb = listen('wss');
  const settings = `allow_anonymous true\n${listeners.join('\n')}\n`;
  const broker = new Mosquitto(ip, 1883, settings);
  const stops: (() => Promise<unknown>)[] = [];

  beforeAll(() => broker.start());
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  afterAll(async () => {
    await broker.dispose();
    rmSync(folder, { recursive: true });
  });

  async function attempt(url: string, tls?: BrokerTls) {
    const { link, log, stop } = publishTo(url, readings(), tls === undefined ? {} : { tls });
    stops.push(stop);
    link.start();
    await waitUntil('an outcome', 5_000, () => ['connected', 'waiting'].includes(link.status().state));
    if (tls?.key !== undefined) expect(log.join('\n')).not.toContain(tls.key.split('\n')[1]);
    return link.status();
  }

  const trusting = { ca: ours.pem };

  it.each([
    ['over TLS, trusting its authority', right, trusting],
    ['with the certificate that it asks for', asking, clients.ours],
    ['with a certificate that it does not ask for', right, clients.others],
    ['over WebSocket', web, undefined],
    ['over WebSocket with TLS', secureWeb, trusting],
  ])('is connected to %s, in MQTT 5', async (_, url, tls) => {
    expect(await attempt(url, tls)).toMatchObject({ state: 'connected', protocol: '5', reason: null });
  });

  it.each([
    ['has expired', expired, trusting, /certificate has expired/],
    ['is by an authority that is not trusted', unknown, trusting, /unable to (verify|get)|self.signed/],
    ['is by an authority that nobody was told of', right, undefined, /unable to (verify|get)|self.signed/],
    ['has another name', misnamed, trusting, /does not match certificate/],
    ['is none, and it speaks no TLS', `mqtts://${ip}:1883`, trusting, /^cannot connect: [^:]*(: [a-z ]+)?$/],
    ['has expired, over WebSocket', expired.replace('mqtts', 'wss'), trusting, /certificate has expired/],
  ])('is not connected to where the certificate of the broker %s, and says so', async (_, url, tls, reason) => {
    const status = await attempt(url, tls);
    expect(status).toMatchObject({ state: 'waiting', protocol: null });
    expect(status.reason).toMatch(reason);
  });

  it('lets head office in with a certificate that it asks for, and tells why it does not', async () => {
    const list = async (...files: string[]) => {
      const access = ['--broker', asking, '--ca', ours.file, ...files];
      const program = new Program('fleet', execPath, [bundle, 'fleet', 'list', ...access]);
      return { code: await program.exit(10_000), err: program.stderr };
    };
    expect(await list('--cert', client.cert, '--cert-key', client.key)).toEqual({ code: 0, err: '' });
    const refused = await list();
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringContaining('the broker refuses our certificate, or wants one'),
    });
    expect(await list('--cert', client.cert)).toEqual({
      code: 2,
      err: 'branchline: --cert and --cert-key go together\n',
    });
  });

  it.each([
    ['none', trusting],
    ['one by a stranger', clients.others],
  ])('says that the broker refuses our certificate, where it asks for one and gets %s', async (_, tls) => {
    const status = await attempt(asking, tls);
    expect(status.state).toBe('waiting');
    expect(status.reason).toMatch(/^cannot connect: the broker refuses our certificate, or wants one: [a-z0-9 ]+$/);
  });
});

/** A disk of its own takes root. */
const privileged = getuid?.() === 0;

describeWithPeers(
  privileged ? 'mosquitto on a full disk' : 'mosquitto on a full disk (without root)',
  ['mosquitto'],
  () => {
    const disk = mkdtempSync(join(tmpdir(), 'branchline-disk-'));
    const saving = `persistence true\npersistence_location ${disk}/\nautosave_on_changes true\nautosave_interval 1\n`;
    const broker = new Mosquitto(loopbackAddress(47), 1883, `allow_anonymous true\n${saving}`);

    afterAll(async () => {
      await broker.dispose();
      if (privileged) execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    });

    it.skipIf(!privileged)('goes on being told, and is told everything when it has forgotten it', async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', disk]);
      await broker.start();
      const watcher = await watchBroker(broker.url);
      const lines = { 1: line };
      const { link, look, stop } = publishTo(broker.url, { ...readings(), lines });
      link.start();
      await waitUntil('the state', 5_000, () => watcher.topics.has('branchline/lyon-01/lines/1'));
      await watcher.publish('others/picture', 'x'.repeat(200_000));
      await waitUntil(
        'the disk to be full',
        10_000,
        () => /[Ee]rror.*(sav|writ)|No space/.test(broker.log),
        () => broker.log,
      );

      lines[1] = { ...line, state: 'talking', hook: 'off' };
      look();
      await waitUntil('the change', 5_000, () => watcher.json('branchline/lyon-01/lines/1')?.['state'] === 'talking');
      expect(link.status()).toMatchObject({ state: 'connected', reason: null });
      await watcher.close();

      await broker.kill();
      await broker.start();
      const late = await watchBroker(broker.url);
      await waitUntil('all of it', 10_000, () => late.json('branchline/lyon-01/lines/1')?.['state'] === 'talking');
      expect(late.json('branchline/lyon-01/state')).toMatchObject({ state: 'online' });
      await late.close();
      await stop();
    });
  },
);
