/**
 * Packages that stay outside the bundle because they find their native binaries by their own place on disk: copied with
 * all that they depend on into `dist/node_modules`, so that a copy of `dist/` alone has them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';

export const EXTERNAL_PACKAGES = ['koffi', 'serialport'];

interface Dependencies {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Copies `names` of the checkout at `root` to `out`, at the places where Node looks for them. */
export async function copyExternalPackages(root: string, names: readonly string[], out: string): Promise<void> {
  const folders = new Set<string>();
  for (const name of names) collect(name, root, root, folders);
  for (const folder of folders) {
    await cp(folder, join(out, relative(root, folder)), {
      recursive: true,
      filter: (path) => isNeeded(relative(folder, path)),
    });
  }
}

/** An optional dependency that is not there is one of another platform. */
function collect(name: string, from: string, root: string, folders: Set<string>): void {
  const folder = packageFolder(name, from, root);
  if (folder === undefined || folders.has(folder)) return;
  folders.add(folder);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Dependencies;
  for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
    collect(dependency, folder, root, folders);
}

function packageFolder(name: string, from: string, root: string): string | undefined {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(folder, 'package.json'))) return folder;
  return from === root ? undefined : packageFolder(name, dirname(from), root);
}

const NEEDED = new Set(['.js', '.cjs', '.mjs', '.json', '.node']);
/** Binaries of platforms that Branchline does not run on, sources of the native part, packages of their own. */
const LEFT_OUT = /(?:^|\/)(?:node_modules|doc|docs|vendor|test|musl_\w+|prebuilds\/(?!linux-)[^/]+)(?:\/|$)/;

function isNeeded(path: string): boolean {
  if (LEFT_OUT.test(path)) return false;
  return extname(path) === '' || NEEDED.has(extname(path)) || /^licen[cs]e/i.test(path);
}
