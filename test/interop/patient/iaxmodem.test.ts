import { getuid } from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freeUdpPort } from '../../../src/io/free-port.ts';
import type { Appliance } from '../../support/appliance.ts';
import { BRANCH, startBranch } from '../../support/branch-office.ts';
import { FaxModem } from '../../support/fax-modem.ts';
import { peerMissing } from '../../support/peers.ts';

/** It gives its line to an owner, which only root can do. */
const canRun = !peerMissing('iaxmodem') && getuid?.() === 0;
const SECRET = 'of-the-modem';

describe.skipIf(!canRun)(
  `iaxmodem, a stack without call tokens${canRun ? '' : ' (without iaxmodem, or not as root)'}`,
  () => {
    let office: Appliance;
    let modem: FaxModem;

    beforeAll(async () => {
      const peers = `    modem:
      secret: ${SECRET}
      context: office
      codecs: [ulaw]
      callToken: no
`;
      office = await startBranch({ peers, dialplan: 'exten => 230,1,Dial(IAX2/modem/s,30)\n' });
    });

    // A new one for each test: after a call of its own it would not ring for the next.
    beforeEach(async () => {
      const port = await freeUdpPort(0);
      modem = await FaxModem.start({
        port,
        server: BRANCH,
        name: 'modem',
        secret: SECRET,
        number: '230',
      });
      modem.command('ATE0');
      await modem.waitFor(/OK/, 5_000);
      await office.waitForStatus('the modem', 15_000, (it) => it.trunks['modem']?.address === `127.0.0.1:${port}`);
    });

    afterEach(async () => {
      await modem?.dispose();
      await office.rest(1);
    });

    afterAll(async () => {
      await office?.dispose();
    });

    test('registers', async () => {
      expect((await office.status()).trunks['modem']?.reason).toBeNull();
    });

    test('calls a telephone, which answers', async () => {
      modem.command('ATDT201');
      await office.waitForLine(1, 'ringing', 10_000);
      await office.lift(1);
      await office.waitForLine(1, 'talking', 5_000);
      await office.waitForStatus('the call', 1_000, (it) => it.calls[0]?.state === 'talking');
      await office.hangUp(1);
      await modem.waitFor(/NO CARRIER/, 15_000);
    });

    test('is called by a telephone, and answers', async () => {
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, '230');
      await modem.waitFor(/RING/, 15_000);
      modem.command('ATA');
      await office.waitForLine(1, 'talking', 10_000);
      await office.hangUp(1);
      await modem.waitFor(/NO CARRIER/, 30_000);
    });
  },
);
