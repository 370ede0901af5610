import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWithPeers } from '../../support/peers.ts';

const firmware = join(import.meta.dirname, '../../../board/firmware');

describeWithPeers('the shipped image', ['arm-gcc'], () => {
  it('is what the sources give, byte for byte, in whatever folder they lie', () => {
    const folder = mkdtempSync(join(tmpdir(), 'branchline-firmware-'));
    try {
      cpSync(firmware, join(folder, 'elsewhere'), { recursive: true });
      const out = join(folder, 'image.bin');
      const { status, stderr } = spawnSync(join(folder, 'elsewhere/build'), ['rp2040', out], { encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(readFileSync(out).equals(readFileSync(join(firmware, 'prebuilt/hat-rp2040.bin')))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});
