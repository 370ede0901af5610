import { rm } from 'node:fs/promises';

/** A release that has served for so long has come up. */
const PROVED_MS = 60_000;

/**
 * What the launcher counts: the starts of a release that was kept, from its last good one on. Where it started this process,
 * it names the file in BRANCHLINE_STARTS; without one there is nothing to forget.
 */
export class StartCount {
  constructor(
    private readonly file: string | undefined,
    private readonly provedMs = PROVED_MS,
  ) {}

  /** It serves. A minute from now the starts that failed before do not count any longer. */
  noteServing(): void {
    if (this.file !== undefined) setTimeout(() => void this.forget(), this.provedMs).unref();
  }

  /** It came up, or ends for a reason that it tells, and that another release would end for as well. */
  async forget(): Promise<void> {
    if (this.file !== undefined) await rm(this.file, { force: true }).catch(() => {});
  }
}
