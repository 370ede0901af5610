import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { ServiceNotifier } from '../../src/io/systemd.ts';
import { describeWithPeers } from '../support/peers.ts';
import { waitUntil } from '../support/wait-until.ts';

/** systemd's end of NOTIFY_SOCKET: prints each datagram as a line of JSON. Node cannot listen on such a socket. */
const RECEIVER = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print('listening', flush=True)
while True:
    print(json.dumps(receiver.recv(4096).decode()), flush=True)
`;

describeWithPeers('systemd', ['systemd'], () => {
  test('hears READY, WATCHDOG, RELOADING and STOPPING on its socket, in this order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'branchline-notify-'));
    const socket = join(folder, 'notify');
    const receiver = spawn('python3', ['-u', '-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    let heard = '';
    receiver.stdout.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    try {
      await waitUntil('the receiver listens', 10_000, () => heard.startsWith('listening'));
      const environment = { PATH: process.env['PATH'], NOTIFY_SOCKET: socket, WATCHDOG_USEC: '3000000' };
      const notifier = new ServiceNotifier(environment, silentLog);
      expect(notifier.watchdogMs).toBe(1000);
      await notifier.ready('4 lines, 1 trunk');
      notifier.alive();
      await notifier.reloading();
      await notifier.ready('5 lines, 1 trunk');
      await notifier.stopping();
      await waitUntil('the last message came', 5000, () => heard.includes('STOPPING'));
      const messages = heard
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => JSON.parse(line) as string);
      // systemd-notify asks for a receipt after each message, which is not ours.
      const ours = messages.filter((message) => message !== 'BARRIER=1').map((message) => message.split('\n')[0]);
      expect(ours).toEqual(['READY=1', 'WATCHDOG=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
      expect(messages[0]).toContain(`\nSTATUS=4 lines, 1 trunk\nMAINPID=${process.pid}`);
    } finally {
      receiver.kill();
      await once(receiver, 'close');
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('finds nothing wrong with the unit, and its protection is not below what the unit promises', () => {
    const unit = join(import.meta.dirname, '../../deploy/branchline.service');
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
    // The command of the unit is installed under /usr, not in this checkout.
    const complaints = verified.stderr
      .split('\n')
      .filter((line) => line !== '' && !/is not executable: No such file/.test(line));
    expect(complaints).toEqual([]);
    const security = spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=30', unit], {
      encoding: 'utf8',
    });
    expect(security.stderr).toBe('');
    expect(security.status, security.stdout).toBe(0);
  });
});
