import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { ServiceNotifier } from '../../../src/io/systemd.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'branchline-systemd-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stand-in for systemd-notify that writes down what it was told, one line a message. */
function helper(script = ''): { path: string; told(): string[] } {
  const path = join(folder, 'notify');
  const record = join(folder, 'told');
  writeFileSync(path, `#!/bin/sh\n${script}\necho "$NOTIFY_SOCKET $*" >> ${record}\n`);
  chmodSync(path, 0o755);
  return { path, told: () => (existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : []) };
}

const UNDER_SYSTEMD = { PATH: process.env['PATH'], NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '30000000' };

describe('ServiceNotifier', () => {
  test('says nothing and starts nothing without systemd', async () => {
    const { path, told } = helper();
    const notifier = new ServiceNotifier({ PATH: process.env['PATH'] }, silentLog, path);
    await notifier.ready('serves');
    expect(notifier.watchdogMs).toBeUndefined();
    expect(told()).toEqual([]);
  });

  test('tells its states in the order in which they came', async () => {
    const { path, told } = helper();
    const notifier = new ServiceNotifier(UNDER_SYSTEMD, silentLog, path);
    void notifier.ready('2 lines\nREADY=0');
    void notifier.reloading();
    void notifier.ready('3 lines');
    void notifier.stopping();
    await notifier.extendStop(40_000);
    expect(told().map((line) => line.replace(/MONOTONIC_USEC=\d+/, 'MONOTONIC_USEC=…'))).toEqual([
      `/run/n READY=1 STATUS=2 lines READY=0 MAINPID=${process.pid}`,
      '/run/n RELOADING=1 MONOTONIC_USEC=… STATUS=reloading',
      `/run/n READY=1 STATUS=3 lines MAINPID=${process.pid}`,
      '/run/n STOPPING=1 STATUS=draining',
      '/run/n EXTEND_TIMEOUT_USEC=40000000',
    ]);
  });

  test('is to be fed three times in what the watchdog waits, if the watchdog watches this process', () => {
    const period = (environment: NodeJS.ProcessEnv) => new ServiceNotifier(environment, silentLog).watchdogMs;
    expect(period(UNDER_SYSTEMD)).toBe(10_000);
    expect(period({ ...UNDER_SYSTEMD, WATCHDOG_PID: String(process.pid) })).toBe(10_000);
    expect(period({ ...UNDER_SYSTEMD, WATCHDOG_PID: '1' })).toBeUndefined();
    expect(period({ ...UNDER_SYSTEMD, WATCHDOG_USEC: 'soon' })).toBeUndefined();
    expect(period({ ...UNDER_SYSTEMD, WATCHDOG_USEC: undefined })).toBeUndefined();
  });

  test('does not queue signs of life behind a helper that is slow', async () => {
    const gate = join(folder, 'gate');
    const { path, told } = helper(`until [ -e ${gate} ]; do sleep 0.01; done`);
    const notifier = new ServiceNotifier(UNDER_SYSTEMD, silentLog, path);
    for (let i = 0; i < 5; i++) notifier.alive();
    writeFileSync(gate, '');
    await notifier.status('done');
    expect(told()).toEqual(['/run/n WATCHDOG=1', '/run/n STATUS=done']);
  });

  test.each([
    ['is missing', '/nonexistent/notify', ''],
    ['fails', undefined, 'exit 3'],
  ])('logs once that the helper %s, and goes on', async (_, missing, script) => {
    const entries: string[] = [];
    const notifier = new ServiceNotifier(
      UNDER_SYSTEMD,
      (level, _part, message) => entries.push(`${level}: ${message}`),
      missing ?? helper(script).path,
    );
    await notifier.ready('serves');
    await notifier.stopping();
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatch(/^warn: systemd does not hear from us: .*notify (cannot be run|ended with 3)/);
  });
});
