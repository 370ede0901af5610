import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Appliance, startAppliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { BRANCH, branchConfig, CENTRE, SECRET, WEB } from '../../support/branch-office.ts';
import { Capture } from '../../support/capture.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { startSipCentre } from '../../support/sip-centre.ts';

const trunk = (name: string, user: string) =>
  `    ${name}: { registrar: "sip:${CENTRE}", username: ${user}, secret: ${SECRET}, fromUser: ${user}, context: from-hq }`;

/** What waits at the centre comes here, goes to the centre as the phone 221, and comes back from there. */
const SIP = `sip:
  listen: [udp://${BRANCH}:5060]
  phones:
    "221": { secret: secret-221, context: office, mailbox: sip-hq }
  trunks:
${trunk('sip-hq', 'branch-01')}
${trunk('mirror', 'mirror')}`;

/** What is called here is how many messages there are, none of them old. */
const MAILBOX = `
[mailbox]
exten => _X,1,MinivmMWI(200@default,0,\${EXTEN},0)
 same => n,Hangup()
`;

/** Asterisk 16 subscribes as the phone 221, Asterisk 22 registers as it and is told unasked. */
const CENTRES = {
  16: `mailbox=200@default
[general](+)
#include subscription.conf
[mirror]
type=friend
host=dynamic
secret=${SECRET}
context=from-branch
mailbox=300@SIP_Remote
`,
  22: `[branch-01](+type=aor)
mailboxes=200@default
[mirror]
type=endpoint
context=from-branch
auth=mirror
aors=mirror
[mirror]
type=auth
auth_type=userpass
username=mirror
password=${SECRET}
[mirror]
type=aor
max_contacts=1
mailboxes=300@remote
[221]
type=endpoint
context=nowhere
incoming_mwi_mailbox=300@remote
[phone]
type=registration
transport=transport-udp
server_uri=sip:${BRANCH}
client_uri=sip:221@${BRANCH}
outbound_auth=phone
[phone]
type=auth
auth_type=userpass
username=221
password=secret-221
`,
} as const;

describeAsterisk(
  'messages that wait, by SIP',
  (version) => {
    let centre: Asterisk;
    let office: Appliance;
    let capture: Capture;

    beforeAll(async () => {
      capture = await Capture.start(`udp port 5060 and host ${BRANCH}`);
      centre = await startSipCentre(version, {
        sip: CENTRES[version],
        dialplan: MAILBOX,
        files: { 'minivm.conf': '[general]', 'subscription.conf': '' },
        modules: ['app_minivm', 'res_pjsip_mwi', 'res_pjsip_mwi_body_generator'],
      });
      const config = branchConfig({ sections: SIP, line1: ', mailbox: mirror' });
      office = await startAppliance({ config, web: WEB });
      if (version === '22') return;
      // It asks a box that is still starting several times, and takes the second challenge for a refusal.
      writeFileSync(centre.path('etc/subscription.conf'), `mwi => 221:secret-221@${BRANCH}/300\n`);
      await centre.cli('sip reload');
    });

    afterAll(async () => {
      await office?.dispose();
      await centre?.dispose();
      await capture?.dispose();
    });

    test('are subscribed to there, and told on to who subscribes here or registers [RFC3842 §3]', async () => {
      for (const count of [2, 0]) {
        await centre.originate(`Local/${count}@mailbox`, { application: 'Wait', data: '1' });
        for (const name of ['sip-hq', 'mirror'])
          await office.waitForStatus(
            `${count} messages at ${name}`,
            20_000,
            ({ trunks }) => trunks[name]?.registration?.messages?.new === count,
          );
      }
    });

    test('are told in nothing that the dissector finds malformed', async () => {
      await capture.stop();
      const summaries = (from: string) => capture.count(`sip.Event == "message-summary" && ip.src == ${from}`);
      expect(await summaries(BRANCH)).toBeGreaterThan(3);
      expect(await summaries(CENTRE)).toBeGreaterThan(3);
      expect(await capture.expertErrors(`ip.src == ${BRANCH}`)).toEqual([]);
    });
  },
  ['tshark'],
);
