import { expect, test } from 'vitest';
import { importOffice } from './office.ts';

const CONTEXTS = `[office]
exten => 220,hint,SIP/alice
exten => 221,1,Dial(SIP/bob,20)
exten => 9,1,Dial(SIP/itsp/1)
[from-itsp]
exten => s,1,Hangup()`;

function importSip(text: string) {
  const office = importOffice({ 'sip.conf': text, 'extensions.conf': CONTEXTS });
  const { sip = {}, net } = office.document as unknown as { sip?: Record<string, never>; net?: unknown };
  return { ...office, sip, net };
}

test('telephones that register become phones, by templates too, with the extension that rings them', () => {
  const { sip, told } = importSip(`[general]
bindport=5062
tcpenable=yes
context=office
disallow=all
allow=alaw
[desk](!)
type=friend
host=dynamic
nat=force_rport,comedia
qualify=yes
[201](desk)
secret=secret-of-201
callerid="Front desk" <201>
call-limit=2
[alice](desk)
secret=secret-of-alice
callerid=Alice <+33472000009>
allow=ulaw
mailbox=220@default
[bob](desk)
secret=secret-of-bob
context=nowhere
[carol](desk)
md5secret=0123456789abcdef
callerid=222`);
  expect(sip).toEqual({
    listen: ['udp://0.0.0.0:5062', 'tcp://0.0.0.0:5062'],
    phones: {
      '201': { secret: 'secret-of-201', name: 'Front desk', context: 'office', codecs: ['alaw'], maxCalls: 2 },
      alice: {
        secret: 'secret-of-alice',
        name: 'Alice',
        extension: '220',
        callerId: '+33472000009',
        context: 'office',
        codecs: ['alaw', 'ulaw'],
      },
      bob: { secret: 'secret-of-bob', extension: '221', codecs: ['alaw'] },
      carol: { extension: '222', context: 'office', codecs: ['alaw'] },
    },
  });
  expect(told.map((line) => line.replace(/^sip.conf:(\d+):.*?(\[?\w+).*$/, '$1 $2'))).toEqual([
    '20 mailbox',
    '23 extensions',
    '24 [carol',
    '25 md5secret',
    'extensions.conf:4: Dial: no SIP phone or trunk itsp was carried over; it is not called',
    'indications.conf: changed: no country is known: emergency numbers, tones and ringing are those of us unless you write `site: { country: … }`',
  ]);
});

test('a provider becomes a trunk, its registration with it', () => {
  const { sip, net, told } = importSip(`[general]
externaddr=office.example.net
localnet=10.0.0.0/255.0.0.0
register => tls://lyon:secret-of-itsp:lyon-auth@itsp.example:5061/1234~600
register => us:other-secret@elsewhere.example
[itsp]
type=peer
host=itsp.example
port=5061
username=lyon-auth
secret=secret-of-itsp
fromuser=lyon
insecure=invite,port
context=from-itsp
transport=tls
encryption=yes
trustrpid=yes
sendrpid=pai
qualify=1500
qualifyfreq=30
[backup]
type=peer
host=192.0.2.9
secret=backup-secret`);
  expect(net).toEqual({ external: 'office.example.net', localNets: ['10.0.0.0/8'] });
  expect(sip['trunks']).toEqual({
    itsp: {
      registrar: 'sip:itsp.example:5061;transport=tls',
      username: 'lyon-auth',
      secret: 'secret-of-itsp',
      register: { expires: '600s' },
      fromUser: 'lyon',
      trusted: true,
      qualify: { every: '30s', timeout: '1500ms' },
      srtp: 'required',
      context: 'from-itsp',
    },
    backup: { registrar: 'sip:192.0.2.9', secret: 'backup-secret', register: false },
    'elsewhere.example': { registrar: 'sip:elsewhere.example', username: 'us', secret: 'other-secret' },
  });
  expect(told.slice(0, 2)).toEqual([
    'sip.conf:5: changed: no peer has the host of this registration; the trunk elsewhere.example was made of it',
    'sip.conf:6: changed: [itsp]: its calls are known by their address alone; open the port of SIP to it only',
  ]);
  expect(told.join('\n')).not.toMatch(/secret-of|other-secret|backup-secret/);
});

test('a telephone with a fixed address registers here; a name that IAX2 has too is changed', () => {
  const { document, dialplan, told } = importOffice({
    'extensions.conf': '[office]\nexten => 1,1,Dial(IAX2/hq/1&SIP/hq/1&SIP/300)',
    'iax.conf': '[hq]\ntype=peer\nhost=192.0.2.1',
    'sip.conf':
      '[hq]\ntype=peer\nhost=192.0.2.2\n[300]\ntype=friend\nhost=192.0.2.3\nsecret=secret-of-300\ncontext=office',
  });
  expect(document).toMatchObject({
    iax2: { peers: { hq: {} } },
    sip: { phones: { '300': {} }, trunks: { 'hq-2': { registrar: 'sip:192.0.2.2' } } },
  });
  expect(dialplan[1]).toBe('exten => 1,1,Dial(IAX2/hq/1&SIP/hq-2/1&SIP/300)');
  expect(told).toEqual([
    'sip.conf:1: changed: [hq] is called hq-2 here, in the dialplan, too',
    'sip.conf:4: changed: [300] has a fixed address; here it must register, or be a trunk in `sip.trunks`',
    'indications.conf: changed: no country is known: emergency numbers, tones and ringing are those of us unless you write `site: { country: … }`',
  ]);
});

test('registrations that cannot be read, and sections without a type, are told without their secrets', () => {
  const { told } = importSip(
    '[general]\nregister => no-host:hidden-secret\n[x]\nsecret=hidden-secret\n[authentication]\nauth=a:hidden-secret@b',
  );
  expect(told.slice(0, 3)).toEqual([
    'sip.conf:2: register has the form user:secret@host:port; write `register: {}` at the trunk instead',
    'sip.conf:3: [x] has no type of friend, peer or user; Asterisk passes over it, too',
    'sip.conf:5: [authentication]: write `username` and `secret` at the trunk that asks for them',
  ]);
  expect(told.join('\n')).not.toContain('hidden-secret');
});

test('a telephone of sip.conf and pjsip.conf counts once, and one with the name of an IAX2 peer keeps it', () => {
  const { document, told } = importOffice({
    'extensions.conf': '[office]\nexten => 201,1,Dial(SIP/201&IAX2/201)',
    'iax.conf': '[201]\ntype=peer\nhost=192.0.2.1',
    'sip.conf': '[201]\ntype=friend\nhost=dynamic\nsecret=secret-of-sip\ncontext=office',
    'pjsip.conf':
      '[201]\ntype=endpoint\nauth=201\naors=201\ncontext=office\n[201]\ntype=auth\npassword=secret-of-pjsip\n[201]\ntype=aor\nmax_contacts=1',
  });
  expect(document).toMatchObject({
    iax2: { peers: { '201': {} } },
    sip: { phones: { '201': { secret: 'secret-of-pjsip' } } },
  });
  expect(told[0]).toBe('sip.conf:1: [201] stands in pjsip.conf, line 1, too; that one counts');
});
