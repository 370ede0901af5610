/** How often it is looked whether the far end says anything, and how often in vain before it is given up. */
export const SILENCE_LOOK_MS = 5_000;
const SILENT_LOOKS = 3;

/**
 * Notices a far end of which nothing comes any more, voice or signalling, sooner than retransmission would: a WAN that is
 * cut is known within 15 s.
 */
export class SilenceWatch {
  private silentLooks = 0;
  private blocks = 0;

  /** `heardMs`: when the last full frame came. `blocks`: blocks of voice that have come so far. */
  look(heardMs: number, blocks: number, nowMs: number): 'heard' | 'ask' | 'silent' | 'dead' {
    const wasHeard = nowMs - heardMs < SILENCE_LOOK_MS || blocks !== this.blocks;
    this.blocks = blocks;
    if (wasHeard) {
      this.silentLooks = 0;
      return 'heard';
    }
    this.silentLooks++;
    if (this.silentLooks >= SILENT_LOOKS) return 'dead';
    return this.silentLooks === 1 ? 'ask' : 'silent';
  }
}
