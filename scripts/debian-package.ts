import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Debian's names of the platforms that we build on. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  'linux-x64': 'amd64',
  'linux-arm64': 'arm64',
  'linux-arm': 'armhf',
};

const BEFORE_REMOVAL = `#!/bin/sh
set -eu
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --now branchline; fi
`;

const AFTER_REMOVAL = `#!/bin/sh
set -eu
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$1" = purge ]; then rm -rf /etc/branchline /var/lib/branchline; fi
`;

/**
 * Makes a Debian package of what `deploy/install.sh` lays out from `dist/`, in `folder`; gives its path, undefined where
 * there is no dpkg-deb, or no Debian for the platform. The same build gives the same bytes.
 */
export function buildDebianPackage(version: string, platform: string, folder: string): string | undefined {
  const architecture = ARCHITECTURES[platform];
  if (architecture === undefined || spawnSync('dpkg-deb', ['--version']).status !== 0) return undefined;
  const stage = mkdtempSync(join(tmpdir(), 'branchline-deb-'));
  try {
    execFileSync(join(root, 'deploy/install.sh'), { env: { ...process.env, DESTDIR: stage } });
    // The configuration belongs to the administrator: the package brings the example, and its postinst copies that.
    rmSync(join(stage, 'etc'), { recursive: true });
    mkdirSync(join(stage, 'DEBIAN'));
    writeFileSync(join(stage, 'DEBIAN/control'), control(version, architecture));
    copyFileSync(join(root, 'deploy/postinst'), join(stage, 'DEBIAN/postinst'));
    writeFileSync(join(stage, 'DEBIAN/prerm'), BEFORE_REMOVAL);
    writeFileSync(join(stage, 'DEBIAN/postrm'), AFTER_REMOVAL);
    for (const name of ['postinst', 'prerm', 'postrm']) chmodSync(join(stage, 'DEBIAN', name), 0o755);
    chmodSync(stage, 0o755);
    const file = join(folder, `branchline_${debianVersion(version)}_${architecture}.deb`);
    const env = { ...process.env, SOURCE_DATE_EPOCH: '0' };
    execFileSync('dpkg-deb', ['--root-owner-group', '--build', stage, file], { env });
    return file;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** A version before a release sorts before it: `1.0.0~rc.1`. */
function debianVersion(version: string): string {
  return version.replace('-', '~');
}

function control(version: string, architecture: string): string {
  const fields = {
    Package: 'branchline',
    Version: debianVersion(version),
    Architecture: architecture,
    Maintainer: 'Branchline <root@localhost>',
    Section: 'comm',
    Priority: 'optional',
    Depends: 'nodejs (>= 20.19), systemd, coreutils, tar',
    Description: 'telephone switch of a branch office',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return `${lines.join('\n')}\n Serves analogue lines and SIP phones, registers with an Asterisk over IAX2.\n`;
}
