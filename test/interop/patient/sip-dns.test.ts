import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, getuid } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Appliance, bundle } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { BRANCH, branchConfig, CENTRE, SECRET, WEB } from '../../support/branch-office.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { NameServer } from '../../support/name-server.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { startSipCentre } from '../../support/sip-centre.ts';
import { waitForTone } from '../../support/tone-heard.ts';

/** Where the centre that is down would be: nobody answers there. */
const DOWN = loopbackAddress(5);
const DNS = loopbackAddress(6);

const SIP = `sip:
  listen: [udp://${BRANCH}:5060]
  trunks:
    sip-hq:
      registrar: sip:hq.test
      username: branch-01
      secret: ${SECRET}
      fromUser: branch-01
      context: from-hq
      qualify: { every: 2s, timeout: 1s }`;

const DIALPLAN = `exten => _5XXX,1,Dial(SIP/sip-hq/\${EXTEN:1},30)
`;

describeWithPeers('a SIP trunk found by DNS', ['asterisk22'], () => {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-dns-'));
  let centre: Asterisk;
  let office: Appliance;
  let names: NameServer;
  const down = createSocket('udp4');
  /** Methods of what came for the centre that is down. */
  const triedInVain: string[] = [];
  down.on('message', (bytes) => triedInVain.push(bytes.toString().split(' ')[0]!));

  beforeAll(async () => {
    if (getuid?.() !== 0) return;
    names = await NameServer.start(DNS, 53, {
      naptr: { 'hq.test': [[10, 10, 'SIP+D2U', '_sip._udp.hq.test']] },
      srv: {
        '_sip._udp.hq.test': [
          [10, 100, 5060, 'first.hq.test'],
          [20, 100, 5060, 'second.hq.test'],
        ],
      },
      a: { 'first.hq.test': DOWN, 'second.hq.test': CENTRE },
    });
    down.bind(5060, DOWN);
    await once(down, 'listening');
    centre = await startSipCentre('22');
    const resolver = join(folder, 'resolv.conf');
    writeFileSync(resolver, `nameserver ${DNS}\n`);
    // Names are looked up as the system does, so this system has another name server.
    const inside = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
    office = new Appliance({
      config: branchConfig({ sections: SIP, dialplan: DIALPLAN }),
      web: WEB,
      command: ['unshare', '--mount', 'sh', '-c', inside, resolver, execPath, bundle],
    });
    await office.start();
  });

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
    await names?.close();
    down.close();
    rmSync(folder, { recursive: true });
  });

  test.skipIf(getuid?.() !== 0)(
    'whose first address is down registers, answers and is called at the second [RFC3263 §4.3]',
    async () => {
      const { trunks } = await office.waitForStatus('the trunk', 15_000, (status) => {
        const trunk = status.trunks['sip-hq'];
        return trunk?.reachable === true && trunk.registration?.state === 'registered';
      });
      expect(trunks['sip-hq']).toMatchObject({ address: `${CENTRE}:5060`, reason: null });
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, '5601');
      await office.waitForLine(1, 'talking', 5_000);
      // Nobody waits for the address that is known to be down.
      expect(triedInVain).toContain('REGISTER');
      expect(triedInVain).not.toContain('INVITE');
      await waitForTone(office, 1, { hz: 1004 });
    },
  );
});
