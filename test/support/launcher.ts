import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Launch } from '../../src/status/updating.ts';

const LAUNCHER = join(import.meta.dirname, '../../deploy/launch');

/** What a release does when it is started, besides saying that it was. */
export type Fate = 'ends' | 'crashes';

/** A box with the real launcher, on which 1.0.0 was installed; the releases are scripts that say which they are. */
export class LauncherBox {
  readonly data = mkdtempSync(join(tmpdir(), 'branchline-launcher-'));
  readonly releases = join(this.data, 'releases');
  private readonly installed = join(this.data, 'usr');
  /** What the launcher said last. */
  said = '';
  /** Which start of the machine this is, as systemd has it; undefined where nobody tells. */
  boot: string | undefined;

  constructor() {
    writeRelease(this.installed, '1.0.0', 'ends');
    writeFileSync(join(this.installed, 'launch'), readFileSync(LAUNCHER));
    chmodSync(join(this.installed, 'launch'), 0o755);
    mkdirSync(this.releases);
  }

  addRelease(version: string, fate: Fate = 'ends'): void {
    writeRelease(join(this.releases, version), version, fate);
  }

  /** What one start runs, as `<version> <how>`. */
  launch(): string {
    const { stdout, stderr } = spawnSync(join(this.installed, 'launch'), ['run', '--data', this.data], {
      encoding: 'utf8',
      env: { ...process.env, ...(this.boot === undefined ? {} : { BRANCHLINE_BOOT: this.boot }) },
    });
    this.said = stderr;
    return stdout.trim();
  }

  launched(): { readonly version: string; readonly how: Launch } {
    const [version = '', how] = this.launch().split(' ');
    return { version, how: how as Launch };
  }

  /** A file of those that say which release starts. */
  write(name: string, text: string): void {
    writeFileSync(join(this.releases, name), text);
  }

  dispose(): void {
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** One that ends of its own accord forgets the starts before, as the program does. */
function writeRelease(folder: string, version: string, fate: Fate): void {
  const end = fate === 'crashes' ? 'kill -9 $$' : 'rm -f "$BRANCHLINE_STARTS"';
  const script = `#!/bin/sh\necho ${version} $BRANCHLINE_LAUNCH\n[ "$1" = run ] && [ "$2" = --data ] || exit 70\n${end}\n`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'branchline.js'), script, { mode: 0o755 });
}
