import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

/** One import as the source has it. `to` is a path from the root for our own files, the specifier for all else. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly own: boolean;
  readonly typeOnly: boolean;
  /** Not before the program comes to it: `import()`. */
  readonly isDeferred: boolean;
}

/** Our TypeScript sources below `folders`, as git sees them (what it ignores is no source). */
export function sourceFiles(root: string, folders: readonly string[]): string[] {
  const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...folders], {
    cwd: root,
    encoding: 'utf8',
  });
  const onDisk = (file: string) => {
    try {
      return readFileSync(join(root, file)).length >= 0;
    } catch {
      return false;
    }
  };
  return stdout.split('\n').filter((file) => /\.tsx?$/.test(file) && onDisk(file));
}

/** Every import of `files`: what runs from esbuild's metafile, types, which esbuild drops, from the source text. */
export async function importsOf(root: string, files: readonly string[]): Promise<Import[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...files],
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'out',
    platform: 'node',
    format: 'esm',
    conditions: ['node-pcm-codecs-source'],
    packages: 'external',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.css': 'empty' },
    logLevel: 'silent',
  });
  const imports: Import[] = [];
  for (const [from, input] of Object.entries(metafile.inputs)) {
    for (const { path, external, kind } of input.imports) {
      if (path.startsWith('<')) continue;
      imports.push({ from, to: path, own: external !== true, typeOnly: false, isDeferred: kind === 'dynamic-import' });
    }
  }
  for (const from of files) {
    for (const specifier of typeImports(readFileSync(join(root, from), 'utf8'))) {
      const own = specifier.startsWith('.');
      const to = own ? relative(root, resolve(root, dirname(from), specifier)) : specifier;
      imports.push({ from, to, own, typeOnly: true, isDeferred: false });
    }
  }
  return imports;
}

/** Specifiers of `import type … from` and `export type … from`, and of imports that name only types. */
export function typeImports(source: string): string[] {
  const statement = /^(?:import|export)\s+(type\s[^;'"]*|\{[^}]*\})\s*from\s*['"]([^'"]+)['"]/gm;
  return [...source.matchAll(statement)]
    .filter(([, clause]) => clause!.startsWith('type') || /\btype\s/.test(clause!))
    .map(([, , specifier]) => specifier!);
}
