import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeWithPeers } from '../../support/peers.ts';

const overlays = join(import.meta.dirname, '../../../board/overlay');
const folder = mkdtempSync(join(tmpdir(), 'branchline-overlay-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** As much of a Pi's device tree as the overlays hang on. */
const BASE = `/dts-v1/;
/ {
  soc {
    gpio: gpio { #gpio-cells = <2>; gpio-controller; };
    uart0: serial { status = "disabled"; };
  };
};`;

function run(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function compile(source: string, name: string): string {
  const out = join(folder, name);
  expect(run('dtc', '-@', '-q', '-I', 'dts', '-O', 'dtb', '-o', out, source)).toMatchObject({ status: 0, stderr: '' });
  return out;
}

describeWithPeers('the overlays', ['dtc'], () => {
  const base = join(folder, 'base.dts');
  writeFileSync(base, BASE);

  it.each([
    ['branchline-hat.dts', /brcm,pins = <0x0*e 0x0*f 0x10 0x11>/],
    ['branchline-hat-pi5.dts', /pins = "gpio14.*gpio17"/],
  ])('%s compiles and applies: the UART is on, with RTS and CTS', (name, pins) => {
    const merged = join(folder, 'merged.dtb');
    const args = ['-i', compile(base, 'base.dtb'), '-o', merged, compile(join(overlays, name), 'overlay.dtbo')];
    expect(run('fdtoverlay', ...args)).toMatchObject({ status: 0 });
    const { stdout } = run('dtc', '-q', '-I', 'dtb', '-O', 'dts', merged);
    const uart = /serial \{[^}]*\}/.exec(stdout)![0];
    expect(uart).toContain('status = "okay"');
    expect(uart).toContain('uart-has-rtscts');
    expect(stdout).toMatch(pins);
    expect(stdout).toContain('compatible = "gpio-leds"');
    // Active low and open drain: dark, the default, leaves the HAT alone.
    expect(stdout).toMatch(/gpios = <0x\w+ 0x17 0x07>;\s+label = "branchline:hat-reset";/);
  });

  it('do not apply to a tree without the labels they need', () => {
    const bare = join(folder, 'bare.dts');
    writeFileSync(bare, BASE.replace('uart0: ', ''));
    const overlay = compile(join(overlays, 'branchline-hat.dts'), 'overlay.dtbo');
    const merged = join(folder, 'none.dtb');
    const { status, stderr } = run('fdtoverlay', '-i', compile(bare, 'bare.dtb'), '-o', merged, overlay);
    expect(status).toBe(1);
    expect(stderr).toContain('FDT_ERR_NOTFOUND');
  });
});
