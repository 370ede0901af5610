/**
 * Packs `dist/`, as `npm run build` made it: into the archive that `branchline fleet update` gives to appliances, and into
 * the Debian package that new boxes are installed from.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDebianPackage } from './debian-package.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const { version, platform } = JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8')) as {
  version: string;
  platform: string;
};
const folder = join(root, '.branchline/releases');
mkdirSync(folder, { recursive: true });
const archive = join(folder, `branchline-${version}-${platform}.tar.gz`);
// The same build gives the same bytes.
const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
execFileSync('tar', [...reproducible, '--use-compress-program=gzip -9n', '-cf', archive, '-C', dist, '.']);
const debian = buildDebianPackage(version, platform, folder);
for (const file of [archive, debian]) if (file !== undefined) process.stdout.write(`${file}\n`);
