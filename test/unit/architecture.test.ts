import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { type BuildFailure, build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { type Import, importsOf, sourceFiles, typeImports } from '../support/import-graph.ts';

const root = join(import.meta.dirname, '../..');

/** What a part may import: other parts (for their types alone under `types`), packages, Node's own modules. */
interface Rule {
  readonly parts: readonly string[];
  readonly types?: readonly string[];
  readonly npm?: readonly string[];
  readonly node?: true;
}

const PURE = 'pure';
const EVERYTHING = '*';

/** What the editor of the panel is made of. */
const EDITOR = [
  ...['commands', 'lang-yaml', 'language', 'lint', 'search', 'state', 'view'].map((name) => `@codemirror/${name}`),
  '@lezer/highlight',
];

/** The import table. A folder is a part; a file of its own rule stands before its folder. */
const TABLE: readonly (readonly [pattern: RegExp, part: string, rule: Rule])[] = [
  [/^src\/appliance(-[a-z0-9-]+)?\.ts$/, 'appliance', { parts: [PURE, 'firmware-bridge'] }],
  [/^src\/iax2-stack\.ts$/, 'iax2-stack', { parts: ['base', 'iax2'] }],
  [/^src\/[a-z0-9-]+\.ts$/, 'main', { parts: [EVERYTHING], npm: [EVERYTHING], node: true }],
  [/^src\/base\//, 'base', { parts: [] }],
  [/^board\//, 'board', { parts: [] }],
  [/^src\/node-pcm-codecs\//, 'node-pcm-codecs', { parts: [] }],
  [/^src\/iax2\//, 'iax2', { parts: ['base'] }],
  [/^src\/sip\//, 'sip', { parts: ['base'] }],
  [/^src\/lines\//, 'lines', { parts: ['base'] }],
  [/^src\/dialplan\//, 'dialplan', { parts: ['base'] }],
  [/^src\/emergency\//, 'emergency', { parts: ['base'] }],
  [/^src\/directory\//, 'directory', { parts: ['base'] }],
  [/^src\/config\//, 'config', { parts: ['base', 'dialplan', 'emergency'], npm: ['zod', 'yaml'], node: true }],
  [/^src\/media\//, 'media', { parts: ['base', 'node-pcm-codecs', 'iax2', 'sip'] }],
  [/^src\/switch\//, 'switch', { parts: ['base', 'dialplan', 'emergency'] }],
  [/^src\/legs\/iax2-/, 'legs', { parts: ['base', 'switch', 'media', 'iax2'] }],
  [/^src\/legs\/sip-/, 'legs', { parts: ['base', 'switch', 'media', 'sip'] }],
  [/^src\/legs\/line-/, 'legs', { parts: ['base', 'switch', 'media', 'lines'], types: ['firmware-bridge'] }],
  [/^src\/legs\//, 'legs', { parts: ['base', 'switch', 'media'] }],
  [/^src\/status\//, 'status', { parts: ['base'], types: ['config', 'switch'], npm: ['zod'] }],
  [/^src\/panel\/page\//, 'page', { parts: [], types: ['panel', 'status'], npm: ['preact', ...EDITOR] }],
  [/^src\/panel\//, 'panel', { parts: ['base', 'config', 'status'], npm: ['fastify', 'ws', 'zod'], node: true }],
  [
    /^src\/cli\//,
    'cli',
    { parts: ['base', 'config', 'dialplan', 'emergency', 'status', 'io'], npm: ['commander'], node: true },
  ],
  [/^src\/io\//, 'io', { parts: ['base'], types: [EVERYTHING], npm: [EVERYTHING], node: true }],
  [
    /^firmware-bridge\/emulator\//,
    'emulator',
    { parts: ['base', 'board', 'firmware-bridge'], npm: [EVERYTHING], node: true },
  ],
  [
    /^firmware-bridge\/serial-port\.ts$/,
    'serial-port',
    { parts: ['base', 'firmware-bridge'], types: ['io'], npm: ['serialport'], node: true },
  ],
  [/^firmware-bridge\//, 'firmware-bridge', { parts: ['base', 'board'] }],
];

/** The protocol machines and what they stand on: no socket, no clock, no randomness, no Node. */
const PURE_PARTS = [
  'base',
  'iax2',
  'sip',
  'lines',
  'dialplan',
  'emergency',
  'media',
  'switch',
  'legs',
  'node-pcm-codecs',
];

/** Each protocol, and each package, has one door that re-exports; everywhere else a name is imported from where it is written. */
const DOORS = /^src\/(iax2|sip)\/endpoint\.ts$|^src\/iax2-stack\.ts$|^src\/node-pcm-codecs\/src\/index\.ts$/;

const files = sourceFiles(root, ['src', 'board', 'firmware-bridge']);
const imports = await importsOf(root, files);

function partOf(file: string): readonly [part: string, rule: Rule] | undefined {
  const row = TABLE.find(([pattern]) => pattern.test(file));
  return row === undefined ? undefined : [row[1], row[2]];
}

/** Why the table forbids an import, or undefined where it allows it. */
function violation({ from, to, own, typeOnly }: Import): string | undefined {
  const [part, rule] = partOf(from)!;
  if (!own) return foreignViolation(part, rule, to);
  const target = partOf(to)?.[0];
  if (target === undefined) return `${from} imports ${to}, which no row of the table knows`;
  // The command is the program, loaded once the engine is told how.
  if (from === 'src/branchline.ts' && to === 'src/main.ts') return undefined;
  if (target === 'main' && (part !== 'main' || /^src\/(branchline|main|.*-worker)\.ts$/.test(to)))
    return `${from} imports ${to}: nobody imports a composition root`;
  const allowed = typeOnly ? [...rule.parts, ...(rule.types ?? [])] : rule.parts;
  const fine =
    target === part ||
    allowed.some((name) => name === EVERYTHING || name === target || (name === PURE && isPure(target)));
  return fine ? undefined : `${from} imports ${to}: ${part} may not import ${target}`;
}

function foreignViolation(part: string, rule: Rule, specifier: string): string | undefined {
  if (specifier.startsWith('node:') || builtinModules.includes(specifier))
    return rule.node === true ? undefined : `${part} imports ${specifier}: it may not import Node's modules`;
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (name === 'node-pcm-codecs' && (part === 'media' || part === 'main')) return undefined;
  const npm = rule.npm ?? [];
  return npm.includes(EVERYTHING) || npm.includes(name) ? undefined : `${part} imports the package ${name}`;
}

function isPure(part: string): boolean {
  return PURE_PARTS.includes(part);
}

function pureFiles(): string[] {
  return files.filter((file) => {
    const part = partOf(file)?.[0];
    return (
      part !== undefined && (isPure(part) || ['appliance', 'iax2-stack', 'board', 'firmware-bridge'].includes(part))
    );
  });
}

describe('the import table', () => {
  test('has a row for every source file', () => {
    expect(files.filter((file) => partOf(file) === undefined)).toEqual([]);
  });

  test('holds for every import, of values and of types', () => {
    expect([...new Set(imports.map(violation).filter((text) => text !== undefined))]).toEqual([]);
  });

  test('reads the MQTT client and the broker only where an office has one', () => {
    const early = imports.filter(
      ({ to, typeOnly, isDeferred }) => ['mqtt', 'aedes'].includes(to) && !typeOnly && !isDeferred,
    );
    expect(early).toEqual([]);
  });

  test('keeps iax2 and sip apart, lets nobody import main, and keeps packages and Node out of pure parts', () => {
    const rejects = (from: string, to: string, own = true, typeOnly = false) =>
      expect(violation({ from, to, own, typeOnly, isDeferred: false }), `${from} → ${to}`).toBeDefined();
    rejects('src/iax2/frame.ts', 'src/sip/message.ts');
    rejects('src/sip/message.ts', 'src/iax2/frame.ts', true, true);
    rejects('src/cli/run.ts', 'src/main.ts', true, true);
    rejects('src/iax2/frame.ts', 'node:dgram', false);
    rejects('src/iax2/frame.ts', 'dgram', false);
    rejects('src/switch/call.ts', 'zod', false);
    rejects('src/legs/iax2-leg.ts', 'src/sip/dialog.ts');
    rejects('src/io/udp.ts', 'src/switch/call.ts');
    const isAllowed = (of: Omit<Import, 'isDeferred'>) =>
      expect(violation({ ...of, isDeferred: false })).toBeUndefined();
    isAllowed({ from: 'src/io/udp.ts', to: 'src/switch/call.ts', own: true, typeOnly: true });
    isAllowed({ from: 'src/config/load.ts', to: 'yaml', own: false, typeOnly: false });
  });

  test('sees imports of types, which esbuild drops', () => {
    const source = [
      "import type { A } from './a.ts';",
      "import { type B, c } from './b.ts';",
      "import { d } from './d.ts';",
      "export type { E } from './e.ts';",
      "import type {\n  F,\n} from './f.ts';",
    ].join('\n');
    expect(typeImports(source)).toEqual(['./a.ts', './b.ts', './e.ts', './f.ts']);
  });

  test('has no barrel but the doors of the protocols', () => {
    const reexports = /^export\s+(\*|\{[^}]*\}|type\s+\{[^}]*\})\s*from\s/m;
    const barrels = files.filter(
      (file) =>
        !DOORS.test(file) &&
        (/^index\.tsx?$/.test(basename(file)) || reexports.test(readFileSync(join(root, file), 'utf8'))),
    );
    expect(barrels).toEqual([]);
  });
});

describe('pure parts', () => {
  const neutralBundle = (entryPoints: readonly string[], stdin?: string) =>
    build({
      absWorkingDir: root,
      ...(stdin === undefined
        ? { entryPoints: [...entryPoints] }
        : { stdin: { contents: stdin, resolveDir: root, loader: 'ts' as const } }),
      bundle: true,
      write: false,
      outdir: 'out',
      platform: 'neutral',
      conditions: ['node-pcm-codecs-source'],
      logLevel: 'silent',
    }).then(
      () => [],
      (failure: BuildFailure) => failure.errors.map(({ text, location }) => `${location?.file}: ${text}`),
    );

  test('bundle for no platform at all: nothing of Node is within reach', async () => {
    expect(await neutralBundle(pureFiles())).toEqual([]);
  });

  test('would not bundle with a module of Node', async () => {
    expect(await neutralBundle([], "import { createSocket } from 'node:dgram'; createSocket('udp4');")).toEqual([
      expect.stringContaining('node:dgram'),
    ]);
  });

  test('are all compiled without the types of Node and of browsers', () => {
    const listed = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.pure.json', '--listFilesOnly'], {
      cwd: root,
      encoding: 'utf8',
    }).stdout;
    expect(pureFiles().filter((file) => !file.includes('/test/') && !listed.includes(join(root, file)))).toEqual([]);
  });

  test('may not read a clock or draw a random number: the lint rule bites there, and only there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'branchline-lint-'));
    try {
      for (const file of ['biome.json', 'scripts/pure.grit', '.gitignore']) {
        if (!existsSync(join(root, file))) continue;
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        cpSync(join(root, file), join(folder, file));
      }
      const reads = {
        Clock: 'Date.now()',
        Wall: 'new Date()',
        Text: 'Date()',
        Luck: 'Math.random()',
        Fine: 'new Date(5)',
      };
      const places = [
        ...PURE_PARTS.map((part) => `src/${part}`),
        'firmware-bridge',
        'src/io',
        'firmware-bridge/emulator',
      ];
      for (const place of places) {
        mkdirSync(join(folder, place), { recursive: true });
        for (const [name, code] of Object.entries(reads))
          writeFileSync(join(folder, place, `${name}.ts`), `export const value = ${code};\n`);
      }
      const { stdout } = spawnSync(
        join(root, 'node_modules/.bin/biome'),
        ['lint', '--reporter=github', '--max-diagnostics=none', '.'],
        {
          cwd: folder,
          encoding: 'utf8',
        },
      );
      const bitten = [
        ...new Set(
          [...stdout.matchAll(/file=([^,]+),.*A pure part has no/g)].map(([, file]) => relative(folder, file!)),
        ),
      ];
      const expected = places
        .filter((place) => place !== 'src/io' && place !== 'firmware-bridge/emulator')
        .flatMap((place) => ['Clock', 'Luck', 'Text', 'Wall'].map((name) => `${place}/${name}.ts`));
      expect(bitten.sort()).toEqual(expected.sort());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
