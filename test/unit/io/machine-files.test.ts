import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MachineFiles } from '../../../src/io/machine-files.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'branchline-machine-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const THROTTLED = 'sys/devices/platform/soc/soc:firmware/get_throttled';

test('a machine that tells nothing is not known', () => {
  const files = new MachineFiles(root);
  expect([files.temperatureC(), files.power(), files.isClockSynchronised()]).toEqual([null, null, null]);
});

test('the temperature comes in thousandths of a degree', () => {
  write('sys/class/thermal/thermal_zone0/temp', '48312\n');
  expect(new MachineFiles(root).temperatureC()).toBe(48.3);
  write('sys/class/thermal/thermal_zone0/temp', '');
  expect(new MachineFiles(root).temperatureC()).toBeNull();
});

test.each([
  ['0', [false, false, false, false]],
  ['50000', [false, true, false, true]],
  ['50005', [true, true, true, true]],
  ['1', [true, true, false, false]],
  ['80008', [false, false, true, true]],
])(
  'the flags %s of a Raspberry Pi are under-voltage and throttling, now and since the boot',
  (flags, [now, ever, slow, slowEver]) => {
    write(THROTTLED, `${flags}\n`);
    expect(new MachineFiles(root).power()).toEqual({
      undervoltage: now,
      undervoltageSinceBoot: ever,
      throttled: slow,
      throttledSinceBoot: slowEver,
    });
  },
);

test('without the flags of the firmware the alarm of its driver tells of the voltage', () => {
  write('sys/class/hwmon/hwmon0/name', 'cpu_thermal\n');
  write('sys/class/hwmon/hwmon1/name', 'rpi_volt\n');
  write('sys/class/hwmon/hwmon1/in0_lcrit_alarm', '1\n');
  write(THROTTLED, 'nonsense');
  expect(new MachineFiles(root).power()).toMatchObject({ undervoltage: true, throttled: null });
});

test('the clock is synchronised once timesyncd has said so', () => {
  mkdirSync(join(root, 'run/systemd/timesync'), { recursive: true });
  expect(new MachineFiles(root).isClockSynchronised()).toBe(false);
  write('run/systemd/timesync/synchronized', '');
  expect(new MachineFiles(root).isClockSynchronised()).toBe(true);
});
