import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Appliance, startAppliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { strongestHz } from '../../support/audio.ts';
import { Baresip } from '../../support/baresip.ts';
import { BRANCH, branchConfig, CENTRE, SECRET, WEB } from '../../support/branch-office.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { startSipCentre } from '../../support/sip-centre.ts';
import { pause } from '../../support/wait-until.ts';

const folder = mkdtempSync(join(tmpdir(), 'branchline-tls-'));

const TRUNK = `registrar: "sip:${CENTRE};transport=tcp", username: branch-01, secret: ${SECRET}, fromUser: branch-01`;

function sections(): string {
  const pem = (name: string) => JSON.stringify(readFileSync(join(folder, name), 'utf8'));
  return `sip:
  listen: [udp://${BRANCH}:5060, tcp://${BRANCH}:5060, tls://${BRANCH}:5061]
  qualify: { every: 5s, timeout: 2s }
  tls: { cert: ${pem('cert.pem')}, key: ${pem('key.pem')} }
  phones:
    "211": { secret: secret-211, context: office }
    "212": { secret: secret-212, context: office }
  trunks:
    sip-hq: { ${TRUNK}, context: from-hq, qualify: { every: 2s, timeout: 1s } }`;
}

const DIALPLAN = `exten => 601,1,Answer
exten => 601,2,Milliwatt
exten => _5XXX,1,Dial(SIP/sip-hq/\${EXTEN:1},30)
`;

/** What PJSIP needs to be reached over TCP. */
const TCP = `[transport-tcp]
type=transport
protocol=tcp
bind=@BIND@
`;

describeWithPeers('SIP over connections', ['baresip', 'asterisk22', 'openssl'], () => {
  let office: Appliance;
  let centre: Asterisk;

  beforeAll(async () => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem'];
    const name = ['-subj', '/CN=branch', '-addext', `subjectAltName=IP:${BRANCH}`];
    const args = ['req', '-x509', ...key, '-out', 'cert.pem', '-days', '2', ...name];
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    centre = await startSipCentre('22', TCP);
    office = await startAppliance({ config: branchConfig({ sections: sections(), dialplan: DIALPLAN }), web: WEB });
  }, 60_000);

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
    rmSync(folder, { recursive: true });
  });

  async function expectTone(phone: Baresip, number: string): Promise<void> {
    await phone.dial(number);
    await phone.waitForEvent('CALL_ESTABLISHED');
    await pause(2_500);
    await phone.command('hangup');
    await phone.waitForEvent('CALL_CLOSED');
    await office.waitForNoCalls();
    expect(strongestHz(phone.heard().subarray(4_000, -1_600))).toBeCloseTo(1004, 0);
  }

  test.each([
    ['TCP', '5060', '211', '', ''],
    ['TLS', '5061', '212', 'tls', `sip_cafile ${join(folder, 'cert.pem')}`],
  ])('a phone registers over %s, calls, is called, and is gone with its connection', async (...row) => {
    const [transport, port, user, , config] = row;
    const server = `${BRANCH}:${port}`;
    const account = `;transport=${transport.toLowerCase()}`;
    const phone = await Baresip.start({ user, secret: `secret-${user}`, server, account, config, answers: true });
    try {
      const { phones } = await office.waitForStatus('its registration', 10_000, (status) => {
        return status.phones[user]?.state === 'registered';
      });
      expect(phones[user]!.contact).toContain(`transport=${transport.toLowerCase()}`);
      await expectTone(phone, '601');
      await expectTone(phone, '5601');
      phone.forget();
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, user);
      await office.waitForLine(1, 'talking', 5_000);
      await office.rest(1);
    } finally {
      await phone.dispose();
    }
    await office.waitForStatus('it to be gone', 5_000, (status) => status.phones[user]?.state === 'unregistered');
  });

  test('a trunk over TCP registers, answers, and carries calls both ways over one connection', async () => {
    await office.waitForStatus('the trunk', 10_000, ({ trunks }) => {
      return trunks['sip-hq']?.reachable === true && trunks['sip-hq'].registration?.state === 'registered';
    });
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, '5601');
    await office.waitForLine(1, 'talking', 10_000);
    await pause(2_000);
    expect(strongestHz(await office.heard(1, 1))).toBeCloseTo(1004, 0);
    await office.rest(1);
    await centre.originate('Local/201@to-branch-by-sip', { application: 'Milliwatt' });
    await office.waitForLine(1, 'ringing', 5_000);
    await office.lift(1);
    await office.waitForLine(1, 'talking', 5_000);
    await office.rest(1);
  });
});
