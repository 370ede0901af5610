import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import { clearest, strongestHz } from '../../support/audio.ts';
import { Baresip } from '../../support/baresip.ts';
import { BRANCH, startBranch } from '../../support/branch-office.ts';
import { CertificateAuthority } from '../../support/certificates.ts';
import { describeWithPeers } from '../../support/peers.ts';

describeWithPeers('SRTP of real phones', ['baresip'], () => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-srtp-'));
  let office: Appliance;
  let sealed: Baresip;
  let plain: Baresip;

  beforeAll(async () => {
    const { cert, key } = new CertificateAuthority(folder).issue('branch', BRANCH);
    const sip = `sip:
  listen: [udp://${BRANCH}:5060, tls://${BRANCH}:5061]
  tls: { cert: { file: ${cert} }, key: { file: ${key} } }
  phones:
    "211": { secret: secret-211, context: office, srtp: required }
    "212": { secret: secret-212, context: office }`;
    office = await startBranch({ sections: sip });
    const config = `sip_cafile ${join(folder, 'ca.pem')}`;

    sealed = await Baresip.start({
      user: '211',
      secret: 'secret-211',
      server: `${BRANCH}:5061`,
      account: ';transport=tls',
      srtp: 'srtp-mand',
      config,
      hz: 700,
    });
    plain = await Baresip.start({
      user: '212',
      secret: 'secret-212',
      server: `${BRANCH}:5060`,
      hz: 1500,
      answers: true,
    });
    await office.waitForStatus('both phones to be registered', 10_000, ({ phones }) =>
      ['211', '212'].every((user) => phones[user]?.state === 'registered'),
    );
  });

  afterAll(async () => {
    await sealed?.dispose();
    await plain?.dispose();
    await office?.dispose();
    rmSync(folder, { recursive: true });
  });

  test('a phone that must be sealed and one that is not hear each other', async () => {
    await sealed.dial('212');
    await sealed.waitForEvent('CALL_ESTABLISHED');
    for (const phone of [sealed, plain]) await phone.waitForRecording(2);
    await sealed.command('hangup');
    await office.rest(1);
    expect(strongestHz(clearest(sealed.heard(), 1_500))).toBeCloseTo(1_500, -1);
    expect(strongestHz(clearest(plain.heard(), 700))).toBeCloseTo(700, -1);
  });
});
