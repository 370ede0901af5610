import { expect, test } from 'vitest';
import { importOffice } from './office.ts';
import { PHONE_SECRET, wholeOffice } from './whole-office.ts';

const SECRET = 'secret-of-branch-1';

test('a whole office becomes one configuration', () => {
  const office = importOffice(wholeOffice({ bind: '192.0.2.7', headOffice: '192.0.2.1', secret: SECRET }));
  expect(office.document).toEqual({
    site: { id: 'branch-1', country: 'fr' },
    net: { rtpPorts: '10000-10099' },
    hat: {
      port: '/dev/ttyAMA0',
      lines: [
        { port: 1, kind: 'fxs', extension: '201', name: 'Front desk', context: 'office' },
        { port: 2, kind: 'fxs', extension: '202', name: 'Back room', context: 'office' },
        { port: 4, kind: 'fxo', context: 'from-pstn' },
      ],
    },
    iax2: {
      bind: '192.0.2.7:4569',
      peers: {
        hq: {
          type: 'friend',
          host: '192.0.2.1',
          username: 'branch1',
          secret: SECRET,
          auth: ['md5'],
          register: {},
          context: 'from-hq',
          allowFrom: ['192.0.2.1/32'],
          codecs: ['ulaw', 'alaw'],
          callToken: 'required',
          trunk: false,
          qualify: { every: '2s', timeout: '2s' },
        },
      },
    },
    sip: {
      listen: ['udp://192.0.2.7:5060'],
      phones: { '211': { secret: PHONE_SECRET, name: 'Reception', context: 'office', codecs: ['alaw', 'ulaw'] } },
    },
    conferences: { '600': { pin: '4711' } },
    features: { contexts: ['office'], pickup: '*8' },
    emergency: { via: ['LINE/4'] },
  });
  expect(office.dialplan).toEqual([
    '[general]',
    'autofallthrough=yes',
    '[globals]',
    'HQ=IAX2/hq',
    'TOWN=LINE/4',
    '[office]',
    'exten => 201,1,Dial(LINE/1,20,tT)',
    'exten => 201,n,VoiceMail(201@default,u)',
    'exten => 202,1,Dial(LINE/2,20,tT)',
    'exten => 211,hint,SIP/211',
    'exten => 211,1,Dial(SIP/211,20)',
    ` same => n,GotoIf($["\${DIALSTATUS}" = "BUSY"]?busy:gone)`,
    ' same => n(busy),Busy(5)',
    ' same => n(gone),Congestion(5)',
    `exten => _7XXX,1,Set(NUMBER=\${EXTEN:1})`,
    ' same => n,NoOp()',
    ` same => n,Dial(\${HQ}/\${NUMBER},30)`,
    ` same => n,Dial(LINE/4/\${NUMBER},30)`,
    ' same => n,Congestion()',
    `exten => _0X.,1,Dial(\${TOWN}/\${EXTEN:1},60)`,
    'exten => 600,1,MeetMe(600)',
    'exten => 250,1,Dial(LINE/1&SIP/211,20)',
    '[from-hq]',
    `exten => _2XX,1,Goto(office,\${EXTEN},1)`,
    '[from-pstn]',
    'exten => s,1,Dial(LINE/1&LINE/2,30)',
  ]);
  expect(office.told.map((line) => line.replace(/^(\S+ (?:changed: )?\S+).*$/, '$1'))).toEqual([
    'dahdi-channels.conf:6: changed: the',
    'iax.conf:4: changed: it',
    'iax.conf:5: bandwidth:',
    'iax.conf:29: mailbox:',
    'sip.conf:3: changed: it',
    'sip.conf:20: mailbox:',
    'extensions.conf:13: VoiceMail',
    'extensions.conf:22: there',
    'extensions.conf:27: "112"',
    'extensions.conf:29: changed: Queue(desk):',
    'meetme.conf:2: changed: conference',
    'indications.conf:2: changed: emergency',
  ]);
});

test('nothing at all is no configuration', () => {
  expect(() => importOffice({})).toThrow('nothing to import');
});

test('an empty dialplan is a configuration', () => {
  const { document, text, told } = importOffice({ 'extensions.conf': '' });
  expect({ document, told }).toEqual({ document: { site: { id: 'office' } }, told: [] });
  expect(text).not.toContain('dialplan');
});
