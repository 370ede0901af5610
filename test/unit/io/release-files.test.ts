import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import * as nodeFiles from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReleaseDisk, ReleaseFiles, type SignedRelease } from '../../../src/io/release-files.ts';

let root: string;
let folder: string;
let server: Server | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'branchline-release-files-'));
  folder = join(root, 'releases');
});
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
  rmSync(root, { recursive: true, force: true });
});

/** An archive on the disk, and what would be signed of it. */
function pack(version = '1.1.0', { platform = 'linux-arm64', mode = 0o755 } = {}): SignedRelease & { archive: string } {
  const tree = join(root, `tree-${version}`);
  mkdirSync(join(tree, 'node_modules/koffi'), { recursive: true });
  writeFileSync(join(tree, 'branchline.js'), '#!/usr/bin/env node\n', { mode });
  writeFileSync(join(tree, 'node_modules/koffi/a.js'), 'x'.repeat(100_000));
  writeFileSync(join(tree, 'package.json'), JSON.stringify({ version, platform }));
  const archive = join(root, `${version}.tar.gz`);
  execFileSync('tar', ['-czf', archive, '-C', tree, '.']);
  return { archive, ...signed(archive), version, platform: 'linux-arm64' };
}

function signed(archive: string): Pick<SignedRelease, 'url' | 'sha256' | 'bytes'> {
  const content = readFileSync(archive);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { url: pathToFileURL(archive).href, sha256, bytes: content.length };
}

function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  return new Promise((resolve) => {
    started.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(started.address() as AddressInfo).port}/r`));
  });
}

const files = (free = 1e12) => new ReleaseFiles(folder, '1.0.0', { freeBytes: async () => free });

describe('ReleaseFiles', () => {
  it('fetches a release over HTTP and leaves nothing but it', async () => {
    const release = pack();
    const url = await serve((_, response) => response.end(readFileSync(release.archive)));
    expect(await files().stage({ ...release, url })).toBeUndefined();
    expect(readdirSync(folder)).toEqual(['1.1.0']);
    expect(readdirSync(join(folder, '1.1.0')).sort()).toEqual(['branchline.js', 'node_modules', 'package.json']);
  });

  it('takes a release from a file, also over one that was half unpacked or half fetched', async () => {
    const release = pack();
    mkdirSync(join(folder, 'unpacked/old'), { recursive: true });
    writeFileSync(join(folder, 'download.tar.gz'), 'half');
    mkdirSync(join(folder, '1.1.0'));
    expect(await files().stage(release)).toBeUndefined();
    expect(readdirSync(folder)).toEqual(['1.1.0']);
  });

  it('removes releases that are not started any longer, and none that is', async () => {
    for (const version of ['0.7.0', '0.8.0', '0.9.0', '1.0.0']) mkdirSync(join(folder, version), { recursive: true });
    writeFileSync(join(folder, 'current'), '0.9.0\n');
    writeFileSync(join(folder, 'before'), '0.7.0\n');
    writeFileSync(join(folder, 'failed'), '0.8.0\n');
    writeFileSync(join(folder, 'dropped'), '0.8.0\n');
    expect(await files().stage(pack())).toBeUndefined();
    expect(readdirSync(folder).sort()).toEqual(['0.7.0', '0.9.0', '1.0.0', '1.1.0', 'before', 'current']);
  });

  it.each<[string, (release: ReturnType<typeof pack>) => Partial<SignedRelease>, RegExp]>([
    ['is not what was signed', () => ({ sha256: '0'.repeat(64) }), /not what was signed: its SHA-256/],
    ['is longer than was signed', ({ bytes }) => ({ bytes: bytes - 1 }), /longer than the \d+ bytes/],
    ['is shorter than was signed', ({ bytes }) => ({ bytes: bytes + 1 }), /ended after \d+ of \d+ bytes/],
    ['is another version', () => ({ version: '1.2.0' }), /is 1.1.0 for linux-arm64, not 1.2.0/],
    ['is for another platform', () => ({ platform: 'linux-arm' }), /not 1.1.0 for linux-arm$/],
    ['is not there', () => ({ url: 'file:///nowhere/r.tar.gz' }), /ENOENT/],
  ])('refuses a release that %s, and leaves nothing of it', async (_, more, why) => {
    const release = pack();
    expect(await files().stage({ ...release, ...more(release) })).toMatch(why);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses what cannot be unpacked, and what has no program in it', async () => {
    const archive = join(root, 'nonsense');
    writeFileSync(archive, 'this is no archive');
    expect(await files().stage({ ...pack(), ...signed(archive) })).toContain('cannot be unpacked');
    expect(await files().stage(pack('1.3.0', { mode: 0o644 }))).toBe('the archive has no program in it');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says that the disk is too full before it fetches anything', async () => {
    let asked = 0;
    const url = await serve((_, response) => {
      asked++;
      response.end();
    });
    expect(await files(1_000_000).stage({ ...pack(), url, bytes: 1_000_000 })).toBe(
      'the disk is too full: 1 MB are free, 6 MB are wanted',
    );
    expect(asked).toBe(0);
  });

  it('says why a server does not give it, and that a connection broke in the middle', async () => {
    const release = pack();
    const missing = await serve((_, response) => response.writeHead(404).end());
    expect(await files().stage({ ...release, url: missing })).toMatch(/^127\.0\.0\.1:\d+ answers 404$/);
    server?.close();
    const broken = await serve((_, response) => {
      response.writeHead(200, { 'content-length': release.bytes });
      response.write(readFileSync(release.archive).subarray(0, 10), () => response.destroy());
    });
    expect(await files().stage({ ...release, url: broken })).toMatch(/^it ended after 10 of \d+ bytes: /);
    server?.close();
    server = undefined;
    expect(await files().stage({ ...release, url: broken })).toMatch(/is not reached: .*ECONNREFUSED/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('gives up a server that falls silent, and one that lets it drip', async () => {
    const release = pack();
    const [first, ...rest] = readFileSync(release.archive);
    let drip: NodeJS.Timeout | undefined;
    const url = await serve((request, response) => {
      response.write(Buffer.of(first!));
      if (request.url !== '/r?drip') return;
      drip = setInterval(() => response.write(Buffer.of(rest.shift()!)), 5);
    });
    const patient = (silenceMs: number, wholeMs: number) =>
      new ReleaseFiles(folder, '1.0.0', { freeBytes: async () => 1e12, patience: { silenceMs, wholeMs } });
    expect(await patient(100, 60_000).stage({ ...release, url })).toMatch(
      /^it ended after 1 of \d+ bytes: nothing came/,
    );
    expect(await patient(60_000, 200).stage({ ...release, url: `${url}?drip` })).toMatch(
      /: it took longer than 0.2 s$/,
    );
    clearInterval(drip);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes from a trial to what every start takes by one renaming', async () => {
    mkdirSync(folder);
    expect(await files().arm('1.1.0')).toBeUndefined();
    expect(readFileSync(join(folder, 'trial'), 'utf8')).toBe('1.1.0\n');
    expect(await files().keep()).toContain('ENOENT');
    writeFileSync(join(folder, 'tried'), '1.1.0\n');
    expect(await files().keep()).toBeUndefined();
    expect(readFileSync(join(folder, 'current'), 'utf8')).toBe('1.1.0\n');
    expect(existsSync(join(folder, 'tried'))).toBe(false);
    writeFileSync(join(folder, 'failed'), '1.2.0\n');
    expect(await files().failed()).toBe('1.2.0');
  });

  it('remembers the release before the one that it keeps, as long as that is one that came from head office', async () => {
    mkdirSync(folder);
    const keep = async (version: string) => {
      writeFileSync(join(folder, 'tried'), `${version}\n`);
      expect(await files().keep()).toBeUndefined();
      return ['before', 'current'].map((name) => {
        const path = join(folder, name);
        return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
      });
    };
    writeFileSync(join(folder, 'before'), '0.9.0\n');
    expect(await keep('1.1.0')).toEqual([undefined, '1.1.0\n']);
    expect(await keep('1.2.0')).toEqual(['1.1.0\n', '1.2.0\n']);
    expect(await files().keep()).toContain('ENOENT');
    expect(readFileSync(join(folder, 'before'), 'utf8')).toBe('1.1.0\n');
  });

  it('reads which release the launcher has given up', async () => {
    mkdirSync(folder);
    expect(await files().dropped()).toBeUndefined();
    writeFileSync(join(folder, 'dropped'), '1.2.0\n');
    expect(await files().dropped()).toBe('1.2.0');
  });

  it('puts a release in the place of the same version that was kept before', async () => {
    mkdirSync(join(folder, '1.1.0/of-old'), { recursive: true });
    writeFileSync(join(folder, 'before'), '1.1.0\n');
    expect(await files().stage(pack())).toBeUndefined();
    expect(readdirSync(join(folder, '1.1.0'))).not.toContain('of-old');
  });
});

/** A disk on which what it is asked for in turn at `failAt` fails; `steps` is what it was asked for. */
function failingDisk(code: string, failAt: number): { readonly disk: ReleaseDisk; readonly steps: string[] } {
  const steps: string[] = [];
  const step = (name: string, path: string) => {
    steps.push(`${name} ${path.replace(`${root}/`, '')}`);
    if (steps.length - 1 === failAt) throw Object.assign(new Error(`${code}: it is a test, ${name}`), { code });
  };
  const through = (path: string, file: FileHandle) =>
    new Proxy(file, {
      get: (_, name) => {
        const member = Reflect.get(file, name) as unknown;
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (name === 'writeFile' || name === 'sync') step(name, path);
          return Reflect.apply(member, file, args) as unknown;
        };
      },
    });
  const disk: ReleaseDisk = {
    mkdir: (async (...args: Parameters<typeof nodeFiles.mkdir>) => {
      step('mkdir', String(args[0]));
      return nodeFiles.mkdir(...args);
    }) as typeof nodeFiles.mkdir,
    open: async (path, flags, mode) => {
      step('open', String(path));
      return through(String(path), await nodeFiles.open(path, flags, mode));
    },
    rename: async (from, to) => {
      step('rename', String(from));
      await nodeFiles.rename(from, to);
    },
  };
  return { disk, steps };
}

describe('ReleaseFiles on a disk that fails', () => {
  /** From order to the start that tries it; gives the first reason why not. */
  const bring = async (release: SignedRelease, disk: ReleaseDisk) => {
    const under = new ReleaseFiles(folder, '1.0.0', { freeBytes: async () => 1e12, disk });
    return (await under.stage(release)) ?? (await under.arm(release.version));
  };

  /** A box whose current release came from head office. */
  const reset = () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, '1.0.0'), { recursive: true });
    writeFileSync(join(folder, 'current'), '1.0.0\n');
  };

  it.each([
    ['ENOSPC', /^the disk is full$/],
    ['EIO', /^the disk fails: EIO: it is a test/],
  ])(
    'goes on as it was at whichever step it says %s, leaves nothing of the release and tells why',
    async (code, why) => {
      const release = pack();
      reset();
      const whole = failingDisk(code, -1);
      expect(await bring(release, whole.disk)).toBeUndefined();
      for (const at of whole.steps.keys()) {
        reset();
        const { disk, steps } = failingDisk(code, at);
        expect(await bring(release, disk), steps.at(-1)).toMatch(why);
        expect(readdirSync(folder), steps.at(-1)).toEqual(['1.0.0', 'current']);
        expect(readFileSync(join(folder, 'current'), 'utf8')).toBe('1.0.0\n');
      }
      for (const step of [
        'writeFile releases/download.tar.gz',
        'rename releases/unpacked',
        'rename releases/trial.new',
      ])
        expect(whole.steps).toContain(step);
    },
  );

  it('leaves one whole release to start, and says which was kept, at whichever step of keeping it fails', async () => {
    const tried = () => {
      reset();
      writeFileSync(join(folder, 'tried'), '1.1.0\n');
    };
    const keep = (disk: ReleaseDisk) => new ReleaseFiles(folder, '1.1.0', { disk }).keep();
    tried();
    const whole = failingDisk('EIO', -1);
    expect(await keep(whole.disk)).toBeUndefined();
    for (const at of whole.steps.keys()) {
      tried();
      const { disk, steps } = failingDisk('EIO', at);
      expect(await keep(disk), steps.at(-1)).toMatch(/^the disk fails: EIO/);
      const isKept = !existsSync(join(folder, 'tried'));
      expect(readFileSync(join(folder, 'current'), 'utf8'), steps.at(-1)).toBe(isKept ? '1.1.0\n' : '1.0.0\n');
      expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
    }
  });
});
