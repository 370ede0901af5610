import { expect, test } from 'vitest';
import { importOffice, type Office } from './office.ts';

const CONTEXTS = '[from-hq]\nexten => s,1,Hangup()\n[other]\nexten => s,1,Hangup()';

function importIax(
  text: string,
  more: Parameters<typeof importOffice>[1] = {},
): Office & { peers: Record<string, unknown> } {
  const office = importOffice({ 'iax.conf': text, 'extensions.conf': CONTEXTS }, more);
  const { iax2 } = office.document as unknown as { iax2?: { peers?: Record<string, unknown> } };
  return { ...office, peers: iax2?.peers ?? {} };
}

test('a branch that registers at head office becomes one peer', () => {
  const { peers, document, told } = importIax(`[general]
bindport=4570
bindaddr=0.0.0.0
disallow=all
allow=alaw
allow=ulaw
jitterbuffer=yes
register => lyon:s3cret-of-lyon@hq.example.net
[hq]
type=friend
host=hq.example.net
username=lyon
secret=s3cret-of-lyon
auth=md5
context=from-hq
deny=0.0.0.0/0.0.0.0
permit=203.0.113.0/255.255.255.0
requirecalltoken=yes
trunk=yes
qualify=1000
qualifyfreqok=5000
callerid="Lyon" <+33472000001>
maxcallnumbers=8`);
  expect(document['iax2']).toMatchObject({ bind: '0.0.0.0:4570' });
  expect(peers).toEqual({
    hq: {
      type: 'friend',
      host: 'hq.example.net',
      username: 'lyon',
      secret: 's3cret-of-lyon',
      auth: ['md5'],
      register: {},
      context: 'from-hq',
      allowFrom: ['203.0.113.0/24'],
      codecs: ['alaw', 'ulaw'],
      callToken: 'required',
      trunk: true,
      qualify: { every: '5s', timeout: '1s' },
      maxCalls: 8,
      callerId: '+33472000001',
    },
  });
  expect(told).toEqual([
    'iax.conf:22: a peer shows a number only; set a name in the dialplan: Set(CALLERID(name)=…)',
    'iax.conf:23: changed: maxcallnumbers counts call numbers of an address; `maxCalls` counts calls with the peer',
  ]);
});

test('rules of access keep their order, and lists of acl.conf are filled in', () => {
  const { document } = importOffice({
    'extensions.conf': CONTEXTS,
    'acl.conf': '[office]\npermit=198.51.100.0/24\ndeny=198.51.100.7',
    'iax.conf':
      '[a]\ntype=user\nsecret=long-secret\ncontext=other\npermit=10.0.0.0/8\ndeny=10.1.0.0/255.255.0.0\nacl=office\npermit=!10.2.0.0/16',
  });
  expect(document).toMatchObject({
    iax2: {
      peers: {
        a: {
          acl: [
            { permit: '10.0.0.0/8' },
            { deny: '10.1.0.0/16' },
            { permit: '198.51.100.0/24' },
            { deny: '198.51.100.7' },
            { deny: '10.2.0.0/16' },
          ],
        },
      },
    },
  });
});

test('a rule of access that cannot be read closes', () => {
  const { peers, told } = importIax(
    '[a]\ntype=user\nsecret=long-secret\ncontext=other\npermit=nonsense\ndeny=10.0.0.0/255.0.255.0\nacl=unknown',
  );
  expect(peers['a']).toMatchObject({
    acl: [{ deny: '0.0.0.0/0' }, { deny: '::/0' }, { deny: '0.0.0.0/0' }, { deny: '::/0' }],
  });
  expect(told).toHaveLength(3);
});

test('a peer whose proof cannot be carried over may not call, and one without any address is left out', () => {
  const { peers, told } = importIax(`[a]
type=friend
host=192.0.2.1
auth=rsa
inkeys=key-of-a
outkey=ours
context=other
[b]
type=user
auth=rsa
inkeys=key-of-b
context=other
[c]
type=user
dbsecret=secrets/c
context=other`);
  expect(peers).toEqual({ a: { type: 'peer', host: '192.0.2.1', auth: ['md5'], context: 'other' } });
  expect(told).toContain('iax.conf:1: [a] may not call us: what it proves itself with could not be carried over');
  expect(told).toContain('iax.conf:8: [b] is left out: what it proves itself with could not be carried over');
});

test('RSA keys that are there are named', () => {
  const { peers } = importIax('[a]\ntype=friend\nhost=192.0.2.1\nauth=rsa,md5\ninkeys=one:two\noutkey=ours', {
    findKey: (name) => `/keys/${name}`,
  });
  expect(peers['a']).toMatchObject({
    auth: ['md5', 'rsa'],
    inKeys: ['/keys/one.pub', '/keys/two.pub'],
    outKey: '/keys/ours.key',
  });
});

test('a registration under another name is a peer of its own, as is one at a host that no peer has', () => {
  const { peers, told } = importIax(`[general]
register => other:another-secret@192.0.2.1
register => us:third-secret@itsp.example:4570/ignored
register => nonsense
[a]
type=friend
host=192.0.2.1
username=lyon
secret=long-secret
context=other`);
  expect(peers).toMatchObject({
    a: { username: 'lyon', secret: 'long-secret' },
    'a-register': { type: 'peer', host: '192.0.2.1', username: 'other', secret: 'another-secret', register: {} },
    'itsp.example': { type: 'peer', host: 'itsp.example:4570', username: 'us', secret: 'third-secret', register: {} },
  });
  expect(told.join('\n')).not.toMatch(/another-secret|third-secret|long-secret/);
  expect(told).toContain(
    'iax.conf:4: register has the form user:secret@host:port; write `register: {}` at the peer instead',
  );
});

test('a user and a peer of one name are one friend', () => {
  const { peers } = importIax(
    '[a]\ntype=user\nsecret=secret-in\ncontext=from-hq\n[a]\ntype=peer\nhost=192.0.2.1\nsecret=secret-out\nusername=us',
  );
  expect(peers['a']).toMatchObject({
    type: 'friend',
    host: '192.0.2.1',
    secret: ['secret-in', 'secret-out'],
    username: 'us',
  });
});

test('a context that the dialplan does not have is left out, and told', () => {
  const { peers, told } = importIax('[a]\ntype=user\nsecret=long-secret\ncontext=nowhere');
  expect(peers['a']).not.toHaveProperty('context');
  expect(told).toEqual([
    'iax.conf:4: extensions.conf has no context [nowhere]; [a] has none, and its calls are rejected, as by Asterisk',
  ]);
});

test('encryption wins over trunk, codecs that there are none of are told, settings without a place as well', () => {
  const { peers, told } = importIax(`[a]
type=peer
host=192.0.2.1
encryption=yes
trunk=yes
disallow=all
allow=!all,g722:20,siren7,slin
tranfser=yes
transfer=mediaonly
requirecalltoken=auto`);
  expect(peers['a']).toEqual({
    type: 'peer',
    host: '192.0.2.1',
    encryption: 'aes128',
    trunk: false,
    codecs: ['g722', 'slin'],
    callToken: 'auto',
  });
  expect(told).toEqual([
    'iax.conf:1: changed: [a]: trunk and encryption exclude each other here; its calls are encrypted',
    'iax.conf:7: there is no codec siren7 here; the others of the list are used',
    'iax.conf:8: tranfser has no place here; if transfer is meant, Asterisk passes over it, too',
    'iax.conf:9: transfer: calls stay here unless `transfer: { targets: […] }` of the peer says which addresses they may go to',
  ]);
});

test('names that dial strings cannot have are changed, in the dialplan as well', () => {
  const { document, dialplan } = importOffice({
    'iax.conf': '[head office]\ntype=peer\nhost=192.0.2.1\n[__proto__]\ntype=peer\nhost=192.0.2.2',
    'extensions.conf': '[a]\nexten => 1,1,Dial(IAX2/head office/2&IAX2/nobody/3,20)',
  });
  expect(Object.keys((document['iax2'] as unknown as { peers: object }).peers)).toEqual(['head-office', 'unnamed']);
  expect(dialplan).toEqual(['[a]', 'exten => 1,1,Dial(IAX2/head-office/2,20)']);
});
