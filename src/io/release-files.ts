import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import { readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeConnectFailure } from './connect-failure.ts';
import { flushDirectory, writeFlushed } from './store.ts';

/** Where releases that came over the network stand, in the data directory. */
export const RELEASES_FOLDER = 'releases';

/** A release as somebody signed it. */
export interface SignedRelease {
  /** https:, http: or file:. */
  readonly url: string;
  readonly version: string;
  readonly platform: string;
  /** Of the archive, lower-case hexadecimal. */
  readonly sha256: string;
  /** Length of the archive. */
  readonly bytes: number;
}

const ARCHIVE = 'download.tar.gz';
const UNPACKED = 'unpacked';
/** An archive takes so many times its length when it is unpacked beside itself. */
const GROWTH = 6;
/** A server that says nothing for so long has gone; one that lets it drip for so long is no use. */
const PATIENCE = { silenceMs: 30_000, wholeMs: 30 * 60_000 } as const;
const UNPACK_MS = 300_000;

/** What is done to the disk; tests hand in one that fails. */
export type ReleaseDisk = Pick<typeof nodeFiles, 'mkdir' | 'open' | 'rename'>;

export interface ReleaseFilesOptions {
  readonly freeBytes?: (folder: string) => Promise<number>;
  readonly patience?: { readonly silenceMs: number; readonly wholeMs: number };
  readonly disk?: ReleaseDisk;
}

/**
 * The releases of one appliance, and which of them the launcher is to start. The names of four files say that, each with a
 * version in it: `trial` is to be started once, `tried` was started and not confirmed, `current` is what every start takes,
 * `before` what starts when `current` does not come up any longer. `failed` is what became of a trial, `dropped` of a
 * release that was kept. Each step from one to the next is one renaming.
 */
export class ReleaseFiles {
  private readonly freeBytes: (folder: string) => Promise<number>;
  private readonly patience: { readonly silenceMs: number; readonly wholeMs: number };
  private readonly disk: ReleaseDisk;

  constructor(
    private readonly folder: string,
    private readonly running: string,
    { freeBytes = freeBytesOf, patience = PATIENCE, disk = nodeFiles }: ReleaseFilesOptions = {},
  ) {
    this.freeBytes = freeBytes;
    this.patience = patience;
    this.disk = disk;
  }

  /** Fetches a release, compares it with what was signed and unpacks it; gives why not, in one sentence. */
  async stage(release: SignedRelease): Promise<string | undefined> {
    try {
      await this.disk.mkdir(this.folder, { recursive: true, mode: 0o750 });
      await this.tidy();
      const failure = (await this.tooLittleRoom(release)) ?? (await this.download(release));
      if (failure !== undefined) return failure;
      return await this.unpack(release);
    } catch (error) {
      return sentenceOf(error as NodeJS.ErrnoException);
    } finally {
      for (const name of [ARCHIVE, UNPACKED]) await this.remove(name);
    }
  }

  /** Has the next start try a release; gives why not. */
  async arm(version: string): Promise<string | undefined> {
    const failure = await this.attempt(() => this.point('trial', version));
    // What was refused must not be tried by the next start, nor lie there until then.
    if (failure !== undefined) for (const name of ['trial', version]) await this.remove(name);
    return failure;
  }

  /** Has every start take the release that is on trial, and the one before it take its place if it must; gives why not. */
  keep(): Promise<string | undefined> {
    return this.attempt(async () => {
      await stat(this.path('tried'));
      const current = await this.versionIn('current');
      if (current === undefined) await rm(this.path('before'), { force: true });
      else await this.point('before', current);
      await this.disk.rename(this.path('tried'), this.path('current'));
    });
  }

  /** The version whose trial failed last. */
  failed(): Promise<string | undefined> {
    return this.versionIn('failed');
  }

  /** The version that was kept and did not come up any longer. */
  dropped(): Promise<string | undefined> {
    return this.versionIn('dropped');
  }

  private async point(name: string, version: string): Promise<void> {
    const fresh = `${name}.new`;
    try {
      await writeFlushed(this.path(fresh), `${version}\n`, this.disk.open);
      await this.disk.rename(this.path(fresh), this.path(name));
    } catch (error) {
      await this.remove(fresh);
      throw error;
    }
  }

  private async remove(name: string): Promise<void> {
    await rm(this.path(name), { recursive: true, force: true }).catch(() => {});
  }

  private async attempt(step: () => Promise<void>): Promise<string | undefined> {
    try {
      await step();
      await flushDirectory(this.folder, this.disk.open);
      return undefined;
    } catch (error) {
      return sentenceOf(error as NodeJS.ErrnoException);
    }
  }

  /** Removes whatever is neither started now nor to be started. */
  private async tidy(): Promise<void> {
    const pointers = ['current', 'before'];
    const versions = await Promise.all(pointers.map((name) => this.versionIn(name)));
    const kept: readonly (string | undefined)[] = [...pointers, ...versions, this.running];
    for (const name of await readdir(this.folder))
      if (!kept.includes(name)) await rm(this.path(name), { recursive: true, force: true });
  }

  private async tooLittleRoom({ bytes }: SignedRelease): Promise<string | undefined> {
    const free = await this.freeBytes(this.folder);
    if (free >= bytes * GROWTH) return undefined;
    return `the disk is too full: ${megabytes(free)} are free, ${megabytes(bytes * GROWTH)} are wanted`;
  }

  private async download({ url, sha256, bytes }: SignedRelease): Promise<string | undefined> {
    const tooSlow = new AbortController();
    const giveUp = (afterMs: number, why: string) => setTimeout(() => tooSlow.abort(new Error(why)), afterMs);
    const hash = createHash('sha256');
    const file = await this.disk.open(this.path(ARCHIVE), 'w', 0o640);
    const { silenceMs, wholeMs } = this.patience;
    const silence = giveUp(silenceMs, `nothing came for ${silenceMs / 1000} s`);
    const whole = giveUp(wholeMs, `it took longer than ${wholeMs / 1000} s`);
    let received = 0;
    try {
      const opened = await openUrl(url, tooSlow.signal);
      if ('failure' in opened) return opened.failure;
      for await (const part of opened.chunks) {
        silence.refresh();
        received += part.length;
        if (received > bytes) return `it is longer than the ${bytes} bytes that were signed`;
        hash.update(part);
        await file.writeFile(part).catch((error: unknown) => {
          throw new DiskFailure(error);
        });
      }
    } catch (error) {
      if (error instanceof DiskFailure) throw error.cause;
      const why = tooSlow.signal.aborted
        ? (tooSlow.signal.reason as Error).message
        : describeConnectFailure(error as Error);
      return `it ended after ${received} of ${bytes} bytes: ${why}`;
    } finally {
      clearTimeout(silence);
      clearTimeout(whole);
      await file.close();
    }
    if (received < bytes) return `it ended after ${received} of ${bytes} bytes`;
    return hash.digest('hex') === sha256 ? undefined : 'it is not what was signed: its SHA-256 is another';
  }

  private async unpack({ version, platform }: SignedRelease): Promise<string | undefined> {
    const folder = this.path(UNPACKED);
    await this.disk.mkdir(folder, { mode: 0o750 });
    const failure = await untar(this.path(ARCHIVE), folder);
    if (failure !== undefined) return `it cannot be unpacked: ${failure}`;
    const manifest = releaseManifest(await readFile(join(folder, 'package.json'), 'utf8').catch(() => ''));
    if (manifest?.version !== version || manifest.platform !== platform) {
      const found = manifest === undefined ? 'no release' : `${manifest.version} for ${manifest.platform}`;
      return `the archive is ${found}, not ${version} for ${platform}`;
    }
    const program = await stat(join(folder, 'branchline.js')).catch(() => undefined);
    if (program === undefined || (program.mode & 0o111) === 0) return 'the archive has no program in it';
    await this.flushTree(folder);
    await rm(this.path(version), { recursive: true, force: true });
    await this.disk.rename(folder, this.path(version));
    const unsafe = await this.attempt(async () => {});
    if (unsafe !== undefined) await this.remove(version);
    return unsafe;
  }

  /** A name must not be on the disk before what it names. */
  private async flushTree(folder: string): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await this.flushTree(path);
      else if (entry.isFile()) {
        const file = await this.disk.open(path, 'r');
        await file.sync().finally(() => file.close());
      }
    }
    await flushDirectory(folder, this.disk.open);
  }

  private async versionIn(name: string): Promise<string | undefined> {
    const text = await readFile(this.path(name), 'utf8').catch(() => undefined);
    return text?.trim();
  }

  private path(name: string): string {
    return join(this.folder, name);
  }
}

/** What `package.json` of a release says; undefined if it says no such thing. */
export function releaseManifest(text: string): { readonly version: string; readonly platform: string } | undefined {
  try {
    const { version, platform } = JSON.parse(text) as { readonly version?: unknown; readonly platform?: unknown };
    return typeof version === 'string' && typeof platform === 'string' ? { version, platform } : undefined;
  } catch {
    return undefined;
  }
}

/** A body that breaks before it is read tells that to whoever reads it, and throws nowhere else. */
async function openUrl(
  text: string,
  signal: AbortSignal,
): Promise<{ readonly chunks: AsyncIterable<Uint8Array> } | { readonly failure: string }> {
  const url = new URL(text);
  if (url.protocol === 'file:') return { chunks: createReadStream(fileURLToPath(url)) };
  try {
    const response = await fetch(url, { signal });
    if (!response.ok || response.body === null) return { failure: `${url.host} answers ${response.status}` };
    return { chunks: response.body };
  } catch (error) {
    const { cause } = error as Error;
    return {
      failure: `${url.host} is not reached: ${describeConnectFailure(cause instanceof Error ? cause : (error as Error))}`,
    };
  }
}

/** Of what is written while something is read; the other end is not to be blamed. */
class DiskFailure extends Error {
  constructor(cause: unknown) {
    super('the disk fails', { cause });
  }
}

function untar(archive: string, folder: string): Promise<string | undefined> {
  const options = { timeout: UNPACK_MS };
  const args = ['-xzf', archive, '-C', folder, '--no-same-owner'];
  return new Promise((resolve) => {
    execFile('tar', args, { ...options, env: { ...process.env, LC_ALL: 'C' } }, (error, _, stderr) => {
      if (error === null) resolve(undefined);
      else if (/No space left on device/.test(stderr)) resolve('the disk is full');
      else resolve((stderr.trim().split('\n')[0] ?? '') || error.message);
    });
  });
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1e6)} MB`;
}

function sentenceOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOSPC') return 'the disk is full';
  return code === 'EIO' ? `the disk fails: ${message}` : message;
}
