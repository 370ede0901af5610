import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { encodePcap } from '../support/pcap.ts';
import { describeWithPeers } from '../support/peers.ts';
import { PlaneHarness, payloadOf, rtpFarEnd } from '../unit/media/plane-harness.ts';

const FIELDS = [
  'rtcp.xr.voipmetrics.burstdensity',
  'rtcp.xr.voipmetrics.burstduration',
  'rtcp.xr.voipmetrics.gmin',
  'rtcp.xr.voipmetrics.esdelay',
];

/** The reports on a minute of voice of which a burst is lost; the last has a farewell. */
function reportsOfACall(): Uint8Array[] {
  const harness = new PlaneHarness();
  const far = rtpFarEnd(1, { wantsVoipMetrics: true });
  harness.media.open(1, far, 0);
  harness.media.hear(1, { kind: 'stream', stream: 1 }, 0);
  for (let n = 0; n < 3000; n++) {
    harness.runTo(20 * n);
    if (n < 1000 || n > 1100) harness.rtp(far, { sequence: n, timestamp: 160 * n, payload: payloadOf(n) });
  }
  harness.media.close(1, harness.nowMs);
  return harness.rtcpFrom(far).map(({ bytes }) => bytes);
}

describeWithPeers('reports of how a call sounds', ['tshark'], () => {
  it('are read by tshark without complaint, with what was measured [RFC3611 §4.7]', async () => {
    const reports = reportsOfACall();
    const folder = mkdtempSync(join(tmpdir(), 'rtcp-reports-'));
    try {
      const file = join(folder, 'reports.pcap');
      writeFileSync(file, encodePcap(reports.map((payload) => ({ fromPort: 10_003, toPort: 4003, payload }))));
      const read = async (...options: readonly string[]) => {
        const args = ['-n', '-r', file, '-d', 'udp.port==4003,rtcp', ...options];
        const { stdout } = await promisify(execFile)('tshark', args);
        return stdout.split('\n').filter((line) => line !== '');
      };
      expect(await read('-Y', '_ws.malformed || _ws.expert')).toEqual([]);
      const fields = FIELDS.flatMap((field) => ['-e', field]);
      const rows = await read('-Y', 'rtcp.pt == 207', '-T', 'fields', ...fields);
      expect(rows).toHaveLength(reports.length);
      const last = rows.at(-1)!.split('\t').map(Number);
      expect(last).toEqual([255, 101 * 20, 16, 20]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
