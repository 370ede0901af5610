import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execPath, getuid } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { envelope } from '../../src/cli/fleet-broker.ts';
import { type DocumentSigner, documentSigner, generateSigningKeys } from '../../src/io/signing.ts';
import { eventSchema } from '../../src/status/event.ts';
import type { UpdateReported } from '../../src/status/updating.ts';
import { Appliance, bundle } from '../support/appliance.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { Mosquitto } from '../support/mosquitto.ts';
import { watchBroker } from '../support/mqtt-watcher.ts';
import { describeWithPeers } from '../support/peers.ts';
import { waitUntil } from '../support/wait-until.ts';

const SITE = 'update-01';

describeWithPeers('an update from head office', ['mosquitto'], () => {
  const broker = new Mosquitto(loopbackAddress(62), 1883);
  const folder = mkdtempSync(join(tmpdir(), 'branchline-update-'));
  const keys = generateSigningKeys();
  const config = `
site: { id: ${SITE}, country: fr }
hat: { port: emulator, emulator: plain, lines: [{ port: 1, kind: fxs, extension: "201", context: office }] }
dialplan: |
  [office]
  exten => 600,1,Answer
  exten => 600,2,Wait(600)
mqtt: { url: "${broker.url}", provisioning: { publicKey: ops.pub } }
`;
  let office: Appliance;
  let watcher: Awaited<ReturnType<typeof watchBroker>>;
  let installed: string;
  let older: string;

  /** This build under another version, packed; `first` stands at the top of its program, so many zeros beside it. */
  function release(version: string, first = '', zeros = 0): string {
    const tree = join(folder, version);
    cpSync(dirname(bundle), tree, { recursive: true });
    const program = join(tree, 'branchline.js');
    const identity = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as { version: string };
    for (const name of readdirSync(tree).filter((file) => file.endsWith('.js'))) {
      const text = readFileSync(join(tree, name), 'utf8');
      writeFileSync(join(tree, name), text.replaceAll(`"${identity.version}"`, `"${version}"`));
    }
    const [shebang, ...lines] = readFileSync(program, 'utf8').split('\n');
    writeFileSync(program, [shebang, first, ...lines].join('\n'));
    writeFileSync(join(tree, 'package.json'), JSON.stringify({ ...identity, version }));
    if (zeros > 0) writeFileSync(join(tree, 'zeros'), Buffer.alloc(zeros));
    const archive = join(folder, `${version}.tar.gz`);
    execFileSync('tar', ['--use-compress-program=gzip -1', '-cf', archive, '-C', tree, '.']);
    return archive;
  }

  const update = async (archive: string) => {
    const args = [bundle, 'fleet', 'update', archive, '--site', SITE, '--key', join(folder, 'ops.key')];
    const done = promisify(execFile)(execPath, [...args, '--broker', broker.url, '--confirm-within', '10s'], {
      encoding: 'utf8',
    });
    return done.then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    );
  };

  const reported = () => watcher.json(`branchline/${SITE}/update/reported`) as UpdateReported | undefined;
  const version = async () => (await office.status()).version;

  /** What systemd does when the process has ended. */
  const startAgain = async (code: number) => {
    expect(await office.exit(20_000)).toBe(code);
    await office.start();
  };

  beforeAll(async () => {
    await broker.start();
    watcher = await watchBroker(broker.url);
    installed = join(folder, 'usr');
    cpSync(dirname(bundle), installed, { recursive: true });
    writeFileSync(join(folder, 'ops.key'), keys.privateKey);
    older = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')).version as string;
    office = new Appliance({ config, command: [join(installed, 'launch')] });
    writeFileSync(join(office.folder, 'ops.pub'), keys.publicKey);
    await office.start();
    await waitUntil('the office', 10_000, () => watcher.json(`branchline/${SITE}/state`)?.['state'] === 'online');
  });

  afterAll(async () => {
    await office?.dispose();
    await watcher?.close();
    await broker.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is refused with the signature of a stranger, and without one', async () => {
    const content = { site: SITE, verb: 'update', id: 'u1', expires: new Date(Date.now() + 60_000).toISOString() };
    const stranger = documentSigner(generateSigningKeys().privateKey) as DocumentSigner;
    const topic = `branchline/${SITE}/cmd/update`;
    await watcher.publish(topic, envelope('command', content, stranger), false);
    await watcher.publish(topic, '{"id":"u2","url":"file:///x"}', false);
    const refusals = () =>
      watcher.messages
        .filter((message) => message.topic === `branchline/${SITE}/events`)
        .map(({ payload }) => eventSchema.parse(JSON.parse(payload)))
        .filter(({ kind, what }) => kind === 'command' && what === 'update');
    await waitUntil('both refusals', 5_000, () => refusals().length === 2);
    expect(refusals().map(({ message }) => message)).toEqual([
      expect.stringContaining('signature: it is not by the key that this appliance trusts'),
      expect.stringContaining('it is not {document, signature, keyId}'),
    ]);
    expect(reported()).toBeUndefined();
  });

  it('is refused where it is older', async () => {
    expect(await update(release('0.0.1'))).toContain(`0.0.1 is older than ${older}, which runs`);
  });

  it.skipIf(getuid?.() !== 0)(
    'is refused where the disk fills up while it is unpacked, and leaves nothing of it',
    async () => {
      const releases = join(office.folder, 'data/releases');
      mkdirSync(releases, { recursive: true });
      // A disk of its own takes root.
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', releases]);
      try {
        expect(await update(release('8.9.0', '', 40e6))).toContain(
          `${SITE}  rejected: url: it cannot be unpacked: the disk is full`,
        );
        expect(readdirSync(releases)).toEqual([]);
        expect(await version()).toBe(older);
      } finally {
        execFileSync('umount', [releases]);
      }
    },
  );

  it('waits for the call that stands, is tried by one start, and kept when the broker is reached', async () => {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 5_000);
    await office.dial(1, '600');
    await office.waitForLine(1, 'talking', 10_000);
    const outcome = update(release('9.0.0'));
    await waitUntil('it to wait', 20_000, () => reported()?.state === 'waiting');
    expect((await office.status()).calls).toHaveLength(1);
    await office.hangUp(1);
    await startAgain(0);
    expect(await outcome).toBe(`${SITE}  applied\n`);
    expect(await version()).toBe('9.0.0');
    expect(await update(join(folder, '9.0.0.tar.gz'))).toBe(`${SITE}  applied: it runs already\n`);
  });

  it('that does not come up is followed by the release before, which says so', async () => {
    const outcome = update(release('9.1.0', 'process.exit(2);'));
    expect(await office.exit(30_000)).toBe(0);
    expect(await office.spawn().exit(10_000)).toBe(2);
    await office.start();
    expect(await outcome).toBe(`${SITE}  rolled-back: it did not come up, or stopped while it was on trial\n`);
    expect(await version()).toBe('9.0.0');
  });

  it('that was kept and does not come up any longer is followed by the one before, which says so', async () => {
    expect(await office.stop()).toBe(0);
    const releases = join(office.folder, 'data/releases');
    // What ended of its own accord is no failed start.
    expect(readdirSync(releases)).not.toContain('starts');
    writeFileSync(join(releases, '9.0.0/branchline.js'), '#!/usr/bin/env node\nimport "./native-module.js";\n');
    for (const _ of [1, 2, 3]) expect(await office.spawn().exit(10_000)).toBe(1);
    await office.start();
    expect(await version()).toBe(older);
    await waitUntil('it to be told', 10_000, () => reported()?.running === older);
    expect(reported()).toMatchObject({ version: '9.0.0', state: 'rolled-back' });
    expect(reported()?.errors[0]?.message).toBe('it was kept, and did not come up any longer');
  });
});
