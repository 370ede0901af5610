import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Appliance, startAppliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { clearest, strongestHz, toneDbm0 } from '../../support/audio.ts';
import { Baresip } from '../../support/baresip.ts';
import { BRANCH, branchConfig, CENTRE, ROUTER, SECRET, WEB } from '../../support/branch-office.ts';
import { type Certificate, CertificateAuthority } from '../../support/certificates.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { sine } from '../../support/signal.ts';
import { startSipCentre } from '../../support/sip-centre.ts';
import { waitForTone } from '../../support/tone-heard.ts';
import { waitUntil } from '../../support/wait-until.ts';

const folder = mkdtempSync(join(tmpdir(), 'branchline-tls-'));

const TRUNK = `registrar: "sip:${CENTRE};transport=tcp", username: branch-01, secret: ${SECRET}, fromUser: branch-01`;

/** A trunk over TLS that seals voice; Asterisk 22 demands a certificate of us, Asterisk 16 is asked for its own. */
const sealed = (host: string) =>
  `{ registrar: "sip:${host}:5061;transport=tls", username: branch-02, secret: ${SECRET}, fromUser: branch-02, context: from-hq, qualify: { every: 2s, timeout: 1s }, srtp: required }`;

function sections({ cert, key }: Certificate, ca: string): string {
  return `sip:
  listen: [udp://${BRANCH}:5060, tcp://${BRANCH}:5060, tls://${BRANCH}:5061]
  qualify: { every: 5s, timeout: 2s }
  tls: { cert: { file: ${cert} }, key: { file: ${key} }, ca: { file: ${ca} } }
  phones:
    "211": { secret: secret-211, context: office }
    "212": { secret: secret-212, context: office }
  trunks:
    sip-hq: { ${TRUNK}, context: from-hq, qualify: { every: 2s, timeout: 1s } }
    sealed: ${sealed(CENTRE)}
    old: ${sealed(ROUTER)}`;
}

const DIALPLAN = `exten => 601,1,Answer
exten => 601,2,Milliwatt
exten => _5XXX,1,Dial(SIP/sip-hq/\${EXTEN:1},30)
exten => _4XXX,1,Dial(SIP/sealed/\${EXTEN:1},30)
exten => _3XXX,1,Dial(SIP/old/\${EXTEN:1},30)
`;

/** What PJSIP needs to be reached over TCP. */
const TCP = `[transport-tcp]
type=transport
protocol=tcp
bind=@BIND@
`;

/** And over TLS, with certificates on both sides and sealed voice. */
const tls = ({ cert, key }: Certificate, ca: string) => `[transport-tls]
type=transport
protocol=tls
bind=@BIND@:5061
method=tlsv1_2
cert_file=${cert}
priv_key_file=${key}
ca_list_file=${ca}
verify_client=yes
require_client_cert=yes
[branch-02]
type=endpoint
context=from-branch
disallow=all
allow=ulaw,alaw
auth=branch-02
aors=branch-02
transport=transport-tls
media_encryption=sdes
direct_media=no
rtp_symmetric=yes
rewrite_contact=yes
media_address=@BIND@
bind_rtp_to_media_address=yes
[branch-02]
type=auth
auth_type=userpass
username=branch-02
password=${SECRET}
[branch-02]
type=aor
max_contacts=1
`;

/** The same of chan_sip. */
const chanSipTls = ({ cert, key }: Certificate, ca: string) => `[general](+)
tlsenable=yes
tlsbindaddr=@BIND@:5061
tlscertfile=${cert}
tlsprivatekey=${key}
tlscafile=${ca}
tlsclientmethod=tlsv1
[branch-02]
type=friend
host=dynamic
secret=${SECRET}
context=from-branch
transport=tls
encryption=yes
directmedia=no
`;

describeWithPeers('SIP over connections', ['baresip', 'asterisk16', 'asterisk22', 'openssl'], () => {
  let office: Appliance;
  let centre: Asterisk;
  let old: Asterisk;

  beforeAll(async () => {
    const authority = new CertificateAuthority(folder);
    const [ours, theirs] = [authority.issue('branch', BRANCH), authority.issue('centre', CENTRE)];
    const oldSip = chanSipTls(authority.issue('old', ROUTER), authority.file);
    [centre, old] = await Promise.all([
      startSipCentre('22', { sip: TCP + tls(theirs, authority.file) }),
      startSipCentre('16', { sip: oldSip, bind: ROUTER }),
    ]);
    const config = branchConfig({ sections: sections(ours, authority.file), dialplan: DIALPLAN });
    office = await startAppliance({ config, web: WEB });
  });

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
    await old?.dispose();
    rmSync(folder, { recursive: true });
  });

  async function expectTone(phone: Baresip, number: string): Promise<void> {
    await phone.dial(number);
    await phone.waitForEvent('CALL_ESTABLISHED');
    await phone.waitForRecording(2);
    await phone.command('hangup');
    await phone.waitForEvent('CALL_CLOSED');
    await office.waitForNoCalls();
    expect(strongestHz(clearest(phone.heard(), 1004))).toBeCloseTo(1004, 0);
  }

  test.each([
    ['TCP', '5060', '211', '', ''],
    ['TLS', '5061', '212', 'tls', `sip_cafile ${join(folder, 'ca.pem')}`],
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
    await waitForTone(office, 1, { hz: 1004 });
    await office.rest(1);
    await centre.originate('Local/201@to-branch-by-sip', { application: 'Milliwatt' });
    await office.waitForLine(1, 'ringing', 5_000);
    await office.lift(1);
    await office.waitForLine(1, 'talking', 5_000);
    await office.rest(1);
  });

  test.each([
    ['Asterisk 22 that demands our certificate', 'sealed', '4600', 'PJSIP'],
    ['Asterisk 16', 'old', '3600', 'SIP'],
  ])(
    'a trunk to %s registers over TLS, and its sealed voice is heard both ways',
    async (_what, trunk, echo, driver) => {
      await office.waitForStatus('the trunk', 10_000, ({ trunks }) => {
        return trunks[trunk]?.reachable === true && trunks[trunk].registration?.state === 'registered';
      });
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, echo);
      await office.waitForLine(1, 'talking', 10_000);
      await office.say(1, Int16Array.from(sine(1300, -12, 10_000)));
      await waitUntil('its echo', 5_000, async () => toneDbm0(await office.heard(1, 0.5), 1300) > -14);
      await office.rest(1);
      const far = driver === 'SIP' ? old : centre;
      await far.originate(`${driver}/201@branch-02`, { application: 'Milliwatt' });
      await office.waitForLine(1, 'ringing', 5_000);
      await office.lift(1);
      await office.waitForLine(1, 'talking', 5_000);
      await waitForTone(office, 1, { hz: 1004 });
      await office.rest(1);
    },
  );
});
