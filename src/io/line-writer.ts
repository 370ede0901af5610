import { write, writeSync } from 'node:fs';

/** Lines are gathered this long: one write for a burst, and a flush right after a line finds nothing to overtake. */
const GATHER_MS = 20;
/** What a reader that has stalled may cost us in memory; beyond it lines are dropped. */
const MAX_PENDING_CHARACTERS = 1 << 20;
/** How long a flush waits for a pipe that is full. */
const FLUSH_PATIENCE_MS = 500;

/** Writers with something to write when the process ends, for whatever reason. */
const unwritten = new Set<LineWriter>();
let watchesExit = false;

/** Writes lines to a file descriptor without ever making the caller wait for its reader. */
export class LineWriter {
  private pending = '';
  private timer: NodeJS.Timeout | undefined;
  private writing = false;

  constructor(private readonly fd: number) {}

  /** `line` ends with its line feed. */
  write(line: string): void {
    if (this.pending.length + line.length > MAX_PENDING_CHARACTERS) return;
    this.pending += line;
    unwritten.add(this);
    watchExit();
    this.schedule();
  }

  /** Writes what is pending before it returns, unless the reader has stalled or is gone. */
  flush(): void {
    let bytes = Buffer.from(this.pending);
    const deadline = performance.now() + FLUSH_PATIENCE_MS;
    while (bytes.length > 0 && performance.now() < deadline) {
      try {
        bytes = bytes.subarray(writeSync(this.fd, bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break;
      }
    }
    this.done();
  }

  private schedule(): void {
    if (this.timer !== undefined || this.writing) return;
    this.timer = setTimeout(() => this.start(), GATHER_MS);
    this.timer.unref();
  }

  private start(): void {
    this.timer = undefined;
    const bytes = Buffer.from(this.pending);
    this.done();
    if (bytes.length > 0) this.writeOut(bytes);
  }

  private writeOut(bytes: Buffer): void {
    this.writing = true;
    write(this.fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.writeOut(bytes), GATHER_MS).unref();
        return;
      }
      if (error === null && written < bytes.length) {
        this.writeOut(bytes.subarray(written));
        return;
      }
      this.writing = false;
      if (this.pending !== '') this.schedule();
    });
  }

  private done(): void {
    this.pending = '';
    unwritten.delete(this);
  }
}

function watchExit(): void {
  if (watchesExit) return;
  watchesExit = true;
  process.on('exit', () => {
    for (const writer of unwritten) writer.flush();
  });
}
