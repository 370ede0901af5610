import { expect, test } from 'vitest';
import { importOffice } from './office.ts';

const CONTEXTS = `[office]
exten => 220,hint,PJSIP/alice
exten => 221,1,Dial(\${PJSIP_DIAL_CONTACTS(alice)}&PJSIP/5@itsp&PJSIP/itsp/sip:6@itsp.example,20)
[from-itsp]
exten => s,1,Hangup()`;

function importPjsip(files: Readonly<Record<string, string>>) {
  const office = importOffice({ 'extensions.conf': CONTEXTS, ...files });
  const { sip = {}, net } = office.document as unknown as { sip?: Record<string, never>; net?: unknown };
  return { ...office, sip, net };
}

const TRUNK = `[udp]
type=transport
protocol=udp
bind=0.0.0.0:5070
external_media_address=198.51.100.1
local_net=10.0.0.0/8
[itsp]
type=endpoint
context=from-itsp
disallow=all
allow=alaw,ulaw
outbound_auth=itsp-auth
aors=itsp
from_user=lyon
trust_id_inbound=yes
send_pai=yes
[itsp-auth]
type=auth
auth_type=userpass
username=lyon-auth
password=secret-of-itsp
[itsp]
type=aor
contact=sip:itsp.example:5062
qualify_frequency=30
[itsp]
type=identify
endpoint=itsp
match=itsp.example
match=203.0.113.0/24
[itsp]
type=registration
outbound_auth=itsp-auth
server_uri=sip:itsp.example:5062
client_uri=sip:lyon@itsp.example
expiration=600`;

const PHONE = `[desk](!)
type=endpoint
context=office
allow=!all,ulaw
[alice](desk)
auth=alice-auth
aors=alice
callerid=Alice <220>
device_state_busy_at=2
[alice-auth]
type=auth
username=alice
password=secret-of-alice
[alice]
type=aor
max_contacts=1
mailboxes=220@default`;

test('an endpoint is a trunk with its registration, where it has an address or a registration', () => {
  const { sip, net, told } = importPjsip({ 'pjsip.conf': TRUNK });
  expect(net).toEqual({ external: '198.51.100.1', localNets: ['10.0.0.0/8'] });
  expect(sip).toEqual({
    listen: ['udp://0.0.0.0:5070'],
    trunks: {
      itsp: {
        registrar: 'sip:itsp.example:5062',
        username: 'lyon-auth',
        secret: 'secret-of-itsp',
        register: { expires: '600s' },
        fromUser: 'lyon',
        trusted: true,
        qualify: { every: '30s', timeout: '3s' },
        context: 'from-itsp',
        codecs: ['alaw', 'ulaw'],
      },
    },
  });
  expect(told).toContain(
    'pjsip.conf:30: match=203.0.113.0/24: a trunk calls in from the addresses of its registrar; name it so that these are among them',
  );
});

test('any other endpoint is a telephone, with the user and the secret of its auth', () => {
  const { sip, told } = importPjsip({ 'pjsip.conf': PHONE });
  expect(sip).toEqual({
    phones: {
      alice: {
        secret: 'secret-of-alice',
        name: 'Alice',
        extension: '220',
        context: 'office',
        codecs: ['ulaw'],
        maxCalls: 2,
      },
    },
  });
  expect(told[0]).toMatch(/^pjsip.conf:17: mailboxes: there is no voice mail here/);
});

test('dial strings of PJSIP name the same telephones and trunks', () => {
  const { dialplan } = importPjsip({ 'pjsip.conf': `${TRUNK}\n${PHONE}` });
  expect(dialplan.slice(0, 3)).toEqual([
    '[office]',
    'exten => 220,hint,PJSIP/alice',
    'exten => 221,1,Dial(PJSIP/alice&PJSIP/5@itsp&PJSIP/itsp/sip:6@itsp.example,20)',
  ]);
});

test('wizards stand for telephones and trunks', () => {
  const { sip } = importPjsip({
    'pjsip_wizard.conf': `[alice]
type=wizard
accepts_auth=yes
accepts_registrations=yes
inbound_auth/username=alice
inbound_auth/password=secret-of-alice
endpoint/context=office
endpoint/allow=alaw
[itsp]
type=wizard
sends_auth=yes
sends_registrations=yes
remote_hosts=itsp.example
outbound_auth/username=lyon
outbound_auth/password=secret-of-itsp
endpoint/context=from-itsp
registration/expiration=1200`,
    'pjsip.conf': '',
  });
  expect(sip).toEqual({
    phones: { alice: { secret: 'secret-of-alice', extension: '220', context: 'office', codecs: ['alaw'] } },
    trunks: {
      itsp: {
        registrar: 'sip:itsp.example',
        username: 'lyon',
        secret: 'secret-of-itsp',
        register: { expires: '1200s' },
        context: 'from-itsp',
      },
    },
  });
});

test('what belongs to nothing is told: an auth that is missing, a hash, a registration alone', () => {
  const { sip, told } = importPjsip({
    'pjsip.conf': `[a]
type=endpoint
auth=nowhere
aors=a
[b]
type=endpoint
auth=b
[b]
type=auth
auth_type=md5
md5_cred=0123456789abcdef0123456789abcdef
[c]
type=registration
server_uri=sips:c.example
client_uri=sip:us@c.example
[d]
type=registration
server_uri=nonsense
[ws]
type=transport
protocol=wss
[list]
type=resource_list
[x]
context=office`,
  });
  expect(sip['phones']).toEqual({ a: {}, b: {} });
  expect(sip['trunks']).toEqual({
    c: { registrar: 'sip:c.example;transport=tls', username: 'us', register: {} },
  });
  expect(told.map((line) => line.slice(0, 40))).toEqual(
    expect.arrayContaining([
      'pjsip.conf:1: [a]: there is no auth [now',
      'pjsip.conf:11: md5_cred: what was hashed',
      'pjsip.conf:16: registration [d] has no s',
      'pjsip.conf:19: transport [ws]: there is ',
      'pjsip.conf:22: [list], resource_list: la',
      'pjsip.conf:24: [x] has no type; Asterisk',
    ]),
  );
  expect(told.join('\n')).not.toContain('0123456789abcdef');
});
