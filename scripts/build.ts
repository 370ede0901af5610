/**
 * Builds `dist/`: the command, the worker entries, the firmware for the emulator, the panel's page, the IAX2 stack as
 * others import it, native packages, and the licences of what is bundled.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, cp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { copyExternalPackages, EXTERNAL_PACKAGES } from './external-packages.ts';

const root = join(import.meta.dirname, '..');
const page = 'src/panel/page';

interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

function readManifest(folder: string): PackageManifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageManifest;
}

const manifest = readManifest(root);
const licenceBanner = `/*! ${manifest.name} ${manifest.version} | ${manifest.license} | bundled packages: THIRD-PARTY-LICENSES.txt */`;

const nodeOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  conditions: ['node-pcm-codecs-source'],
  define: { 'process.env.BRANCHLINE_VERSION': JSON.stringify(manifest.version) },
  // Bundled CommonJS packages call `require` for Node's own modules; an ES module has none of its own.
  banner: {
    js: `${licenceBanner}\nimport { createRequire as createBundleRequire } from 'node:module';\nconst require = createBundleRequire(import.meta.url);`,
  },
  // Native packages find their prebuilt binaries by their own place on disk; ws's two accelerators are optional.
  external: [...EXTERNAL_PACKAGES, 'bufferutil', 'utf-8-validate'],
  legalComments: 'none',
  // The engine keeps the text for as long as it runs, two bytes a character if one of them asks for two, as comments' do.
  minifyWhitespace: true,
  lineLimit: 160,
  metafile: true,
  logLevel: 'warning',
} satisfies BuildOptions;

/** The command and every composition root that runs as a worker: `src/media-worker.ts` → `dist/media-worker.js`. */
async function buildPrograms(out: string): Promise<Metafile> {
  const workers = filesMatching(/-worker\.ts$/, 'src').map((file) => join('src', file));
  const { metafile } = await build({
    ...nodeOptions,
    // What an office does not use is not read.
    splitting: true,
    entryPoints: {
      branchline: 'src/branchline.ts',
      ...Object.fromEntries(workers.map((file) => [basename(file, '.ts'), file])),
    },
    outdir: out,
  });
  const command = join(out, 'branchline.js');
  await writeFile(command, `#!/usr/bin/env node\n${readFileSync(command, 'utf8')}`);
  await chmod(command, 0o755);
  return metafile;
}

/**
 * The IAX2 stack for other programs: `./iax2` without and `./iax2/node` with I/O, on shared chunks, so that both have the
 * same classes; and the types of both.
 */
async function buildStack(out: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { stack: 'src/iax2-stack.ts', node: 'src/iax2-node.ts' },
    bundle: true,
    splitting: true,
    platform: 'neutral',
    external: ['node:*'],
    target: 'node20',
    format: 'esm',
    conditions: ['node-pcm-codecs-source'],
    banner: { js: licenceBanner },
    legalComments: 'none',
    outdir: join(out, 'iax2'),
    metafile: true,
    logLevel: 'warning',
  });
  const { status, stdout } = spawnSync(
    join(root, 'node_modules/.bin/tsc'),
    [
      ...['-p', 'tsconfig.declarations.json', '--noEmit', 'false', '--declaration', '--emitDeclarationOnly'],
      ...['--outDir', join(out, 'types')],
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the types of the IAX2 stack do not build:\n${stdout}`);
  return metafile;
}

/** The panel is browser code: one script, one for the editor, a style sheet and the worklets of its sound beside the static files. */
async function buildPage(out: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['main.tsx', ...filesMatching(/-worklet\.ts$/, page)].map((file) => join(page, file)),
    bundle: true,
    // The editor is larger than all the rest, and is loaded when it is opened.
    splitting: true,
    minify: true,
    platform: 'browser',
    target: ['es2022', 'safari16'],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    banner: { js: licenceBanner },
    legalComments: 'none',
    outdir: out,
    metafile: true,
    logLevel: 'warning',
  });
  for (const file of filesMatching(/\.(html|svg|png|ico|webmanifest|woff2)$/, page)) {
    await cp(join(root, page, file), join(out, file));
  }
  return metafile;
}

function filesMatching(pattern: RegExp, folder: string): string[] {
  return readdirSync(join(root, folder)).filter((file) => pattern.test(file));
}

/** What the permissive licences of bundled packages ask for: their text, beside the bundle. */
function thirdPartyLicences(metafiles: readonly Metafile[]): string {
  const folders = new Set<string>();
  for (const metafile of metafiles) {
    for (const input of Object.keys(metafile.inputs)) {
      const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
      if (folder !== undefined) folders.add(folder);
    }
  }
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = readManifest(join(root, folder));
      const file = filesMatching(/^(licen[cs]e|copying)/i, folder)[0];
      const text = file === undefined ? `Licence: ${license}` : readFileSync(join(root, folder, file), 'utf8').trim();
      return `${name} ${version}\n${'-'.repeat(name.length + version.length + 1)}\n${text}\n`;
    })
    .join('\n\n');
}

// Built beside and moved into place: an appliance or test that starts meanwhile finds the old build or the new one.
const staging = join(root, '.branchline', `build-${process.pid}`);
const dist = join(root, 'dist');
try {
  const metafiles = [await buildPrograms(staging), await buildStack(staging)];
  if (existsSync(join(root, page))) metafiles.push(await buildPage(join(staging, 'panel')));
  await writeFile(join(staging, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicences(metafiles));
  await cp(join(root, 'board/firmware/prebuilt/hat-rp2040.bin'), join(staging, 'hat-rp2040.bin'));
  await copyExternalPackages(root, EXTERNAL_PACKAGES, staging);
  // A copy of dist/ alone, outside any package, must still load as ES modules on Node 20.
  const platform = `${process.platform}-${process.arch}`;
  const identity = { type: 'module', version: manifest.version, platform };
  await writeFile(join(staging, 'package.json'), `${JSON.stringify(identity)}\n`);
  await cp(join(root, 'deploy/launch'), join(staging, 'launch'));
  await rm(dist, { recursive: true, force: true });
  await rename(staging, dist);
} catch (error) {
  // esbuild has printed what is wrong in the sources, with the place; its stack says nothing more.
  if (!(error instanceof Error && 'errors' in error)) throw error;
  process.exitCode = 1;
} finally {
  await rm(staging, { recursive: true, force: true });
}
