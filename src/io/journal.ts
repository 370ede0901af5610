import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import * as nodeFiles from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Log } from '../base/log.ts';

/** Something to keep until it is forgotten. `text` is any text; `id` tells entries apart. */
export interface JournalEntry {
  readonly id: string;
  readonly text: string;
}

export interface JournalFailure {
  readonly failed: string;
}

/** What a journal does to the disk; tests hand in one that fails. */
export type JournalFiles = Pick<typeof nodeFiles, 'mkdir' | 'readdir' | 'readFile' | 'open' | 'unlink'>;

/** Folder of the outbox's journal in the data directory. */
export const OUTBOX_FOLDER = 'outbox';

/** A file is left for the next one beyond this, so that what was forgotten gives its room back. */
const SEGMENT_BYTES = 128 * 1024;
const SEGMENT_NAME = /^(\d{10})\.log$/;

interface Segment {
  readonly name: string;
  /** What it still has to keep. */
  readonly live: Set<string>;
}

/**
 * Entries on the disk that survive a power cut at any byte. Lines are only ever appended, each with its checksum, in files
 * that are deleted once everything in them is forgotten. A torn line is passed over, and never written behind: after a
 * failure and after a start the next entry goes into a new file.
 */
export class Journal {
  private readonly segments: Segment[] = [];
  private readonly segmentOf = new Map<string, Segment>();
  private file: FileHandle | undefined;
  private fileBytes = 0;
  private lastNumber = 0;
  private work: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly directory: string,
    private readonly log: Log,
    private readonly files: JournalFiles,
  ) {}

  /** Opens the journal of a folder, with what it keeps, the oldest first. Whatever cannot be read is logged. */
  static async open(
    directory: string,
    log: Log,
    files: JournalFiles = nodeFiles,
  ): Promise<{ readonly journal: Journal; readonly entries: JournalEntry[] }> {
    const journal = new Journal(directory, log, files);
    return { journal, entries: await journal.recover() };
  }

  /** Writes entries and waits until the disk has them. One flush serves all of them; it never throws. */
  append(entries: readonly JournalEntry[]): Promise<JournalFailure | undefined> {
    return this.inOrder(async () => {
      try {
        const segment = await this.write(
          entries.map(({ id, text }) => formatLine(`+${JSON.stringify([id, text])}`)).join(''),
        );
        await this.file!.datasync();
        for (const { id } of entries) {
          segment.live.add(id);
          this.segmentOf.set(id, segment);
        }
        return undefined;
      } catch (error) {
        return this.abandonFile(error);
      }
    });
  }

  /**
   * These are no longer needed. That is noted without waiting for the disk: after a power cut an entry may be there again.
   */
  forget(ids: readonly string[]): Promise<void> {
    return this.inOrder(async () => {
      const known = ids.filter((id) => this.segmentOf.has(id));
      if (known.length === 0) return;
      for (const id of known) {
        this.segmentOf.get(id)?.live.delete(id);
        this.segmentOf.delete(id);
      }
      try {
        await this.write(known.map((id) => formatLine(`-${JSON.stringify(id)}`)).join(''));
      } catch (error) {
        await this.abandonFile(error);
      }
      await this.deleteEmpty();
    });
  }

  /** Resolves once everything asked for so far is done, and lets go of the file. */
  close(): Promise<void> {
    return this.inOrder(async () => {
      await this.file?.close().catch(() => {});
      this.file = undefined;
    });
  }

  private inOrder<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.work.then(task);
    this.work = result;
    return result;
  }

  private async recover(): Promise<JournalEntry[]> {
    try {
      await this.files.mkdir(this.directory, { recursive: true, mode: 0o750 });
      const { entries, segments, lastNumber } = await readSegments(this.directory, this.files);
      this.lastNumber = lastNumber;
      this.segments.push(...segments);
      for (const segment of segments) for (const id of segment.live) this.segmentOf.set(id, segment);
      await this.deleteEmpty();
      return entries;
    } catch (error) {
      this.log('error', 'journal', `cannot read ${this.directory}: ${(error as Error).message}`);
      return [];
    }
  }

  /** Appends text to the file in use, or to a new one. */
  private async write(text: string): Promise<Segment> {
    if (this.file !== undefined && this.fileBytes >= SEGMENT_BYTES) {
      await this.file.close().catch(() => {});
      this.file = undefined;
    }
    const file = this.file ?? (await this.openFile());
    const bytes = Buffer.from(text);
    await file.appendFile(bytes);
    this.fileBytes += bytes.length;
    return this.segments.at(-1)!;
  }

  private async openFile(): Promise<FileHandle> {
    const name = `${String(++this.lastNumber).padStart(10, '0')}.log`;
    const file = await this.files.open(join(this.directory, name), 'ax', 0o640);
    this.file = file;
    this.fileBytes = 0;
    this.segments.push({ name, live: new Set() });
    // The file's name, too, must be there after a power cut.
    const folder = await this.files.open(this.directory, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return file;
  }

  private async abandonFile(error: unknown): Promise<JournalFailure> {
    const failed = `cannot write to ${this.directory}: ${(error as Error).message}`;
    this.log('error', 'journal', failed);
    await this.file?.close().catch(() => {});
    this.file = undefined;
    return { failed };
  }

  private async deleteEmpty(): Promise<void> {
    for (const segment of [...this.segments]) {
      const isInUse = this.file !== undefined && segment === this.segments.at(-1);
      if (segment.live.size > 0 || isInUse) continue;
      try {
        await this.files.unlink(join(this.directory, segment.name));
        this.segments.splice(this.segments.indexOf(segment), 1);
      } catch (error) {
        this.log('warn', 'journal', `cannot delete ${segment.name}: ${(error as Error).message}`);
      }
    }
  }
}

/** What the journal of a folder keeps, the oldest first, without touching it. Rejects if it cannot be read. */
export async function readJournal(directory: string): Promise<JournalEntry[]> {
  return (await readSegments(directory, nodeFiles)).entries;
}

async function readSegments(directory: string, files: JournalFiles) {
  const names = (await files.readdir(directory)).filter((name) => SEGMENT_NAME.test(name)).sort();
  const kept = new Map<string, { readonly text: string; readonly segment: Segment }>();
  const segments: Segment[] = [];
  for (const name of names) {
    const segment: Segment = { name, live: new Set() };
    segments.push(segment);
    for (const line of (await files.readFile(join(directory, name), 'utf8')).split('\n')) {
      const content = parseLine(line);
      if (content?.startsWith('-')) {
        const id = JSON.parse(content.slice(1)) as string;
        kept.get(id)?.segment.live.delete(id);
        kept.delete(id);
      } else if (content?.startsWith('+')) {
        const [id, text] = JSON.parse(content.slice(1)) as [string, string];
        // Written again after a failure: it lives where it was written whole last.
        kept.get(id)?.segment.live.delete(id);
        kept.set(id, { text, segment });
        segment.live.add(id);
      }
    }
  }
  return {
    entries: [...kept].map(([id, { text }]): JournalEntry => ({ id, text })),
    segments,
    lastNumber: Number(SEGMENT_NAME.exec(names.at(-1) ?? '')?.[1] ?? 0),
  };
}

function formatLine(content: string): string {
  return `${checksum(content)} ${content}\n`;
}

/** What a line says if it is whole. */
function parseLine(line: string): string | undefined {
  const content = line.slice(9);
  return line[8] === ' ' && line.slice(0, 8) === checksum(content) ? content : undefined;
}

function checksum(content: string): string {
  return crc32(content).toString(16).padStart(8, '0');
}
