import { expect, test } from 'vitest';
import { importOffice } from './office.ts';

function importDahdi(text: string, dialplan: string, files: Readonly<Record<string, string>> = {}) {
  const office = importOffice({ 'chan_dahdi.conf': text, 'extensions.conf': dialplan, ...files });
  const { hat } = office.document as unknown as { hat?: { lines?: unknown[] } };
  return { ...office, lines: hat?.lines ?? [] };
}

const LINES = `[channels]
context=office
signalling=fxo_ks
callerid="Front desk" <201>
callwaiting=no
cidsignalling=bell
echocancel=yes
channel => 1
callerid=Fax <+33472000002>
usecallerid=no
channel => 2
signalling=fxs_ks
context=from-pstn
callerid=asreceived
group=1
channel => 3-4`;

const DIALPLAN = `[office]
exten => 202,1,Dial(DAHDI/2,20)
exten => 203,1,Dial(Zap/1r2&DAHDI/9)
exten => 204,hint,DAHDI/1&SIP/x
exten => _9.,1,Dial(DAHDI/g1/\${EXTEN:1},60)
exten => _8.,1,Dial(DAHDI/4/\${EXTEN:1})
exten => 201,1,Dial(DAHDI/1)
exten => 7,1,Macro(ring,7,DAHDI/1)
[from-pstn]
exten => s,1,Dial(DAHDI/1)
[macro-ring]
exten => s,1,Dial(\${ARG2})`;

test('a channel has what stands above it; fxo_ks is a telephone, fxs_ks a town line', () => {
  const { lines } = importDahdi(LINES, DIALPLAN);
  expect(lines).toEqual([
    {
      port: 1,
      kind: 'fxs',
      name: 'Front desk',
      context: 'office',
      callWaiting: false,
      callerId: 'bellcore',
      extension: '201',
    },
    { port: 2, kind: 'fxs', name: 'Fax', context: 'office', callWaiting: false, callerId: 'none', extension: '202' },
    { port: 3, kind: 'fxo', context: 'from-pstn' },
    { port: 4, kind: 'fxo', context: 'from-pstn' },
  ]);
});

test('channels of the dialplan are lines, a group is a context that tries its lines in turn', () => {
  const { dialplan, told } = importDahdi(LINES, DIALPLAN);
  expect(dialplan).toEqual([
    '[office]',
    'exten => 202,1,Dial(LINE/2,20)',
    'exten => 203,1,Dial(LINE/1r2)',
    'exten => 204,hint,LINE/1&SIP/x',
    `exten => _9.,1,Dial(Local/\${EXTEN:1}@dahdi-group-1,60)`,
    `exten => _8.,1,Dial(LINE/4/\${EXTEN:1})`,
    'exten => 201,1,Dial(LINE/1)',
    'exten => 7,1,Macro(ring,7,LINE/1)',
    '[from-pstn]',
    'exten => s,1,Dial(LINE/1)',
    '[macro-ring]',
    `exten => s,1,Dial(\${ARG2})`,
    '[dahdi-group-1]',
    `exten => _[0-9*#]!,1,Dial(LINE/3/\${EXTEN})`,
    ` same => n,Dial(LINE/4/\${EXTEN})`,
    'exten => s,1,Dial(LINE/3)',
    ' same => n,Dial(LINE/4)',
  ]);
  expect(told).toContain('extensions.conf:3: Dial: DAHDI channel 9 is no line of the HAT; it is not called');
});

test('a group of one line is that line, in globals too', () => {
  const { dialplan } = importDahdi(
    '[channels]\nsignalling=fxs_ks\ngroup=2\ncontext=a\nchannel=4',
    `[globals]\nTRUNK=DAHDI/G2\n[a]\nexten => _9X.,1,Dial(\${TRUNK}/\${EXTEN:1})\nexten => _8X.,1,Dial(Zap/g2/\${EXTEN:1},,T)`,
  );
  expect(dialplan).toEqual([
    '[globals]',
    'TRUNK=LINE/4',
    '[a]',
    `exten => _9X.,1,Dial(\${TRUNK}/\${EXTEN:1})`,
    `exten => _8X.,1,Dial(LINE/4/\${EXTEN:1},,T)`,
  ]);
});

test('channels beyond the eighth get the jacks in order, and those that have none are told', () => {
  const { lines, dialplan, told } = importDahdi(
    '[channels]\nsignalling=fxo_ks\ncontext=a\nchannel => 9-17',
    '[a]\nexten => 1,1,Dial(DAHDI/10)\nexten => 2,1,Dial(DAHDI/17)',
  );
  expect(lines.map((line) => (line as { port: number }).port)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(dialplan.slice(1)).toEqual(['exten => 1,1,Dial(LINE/2)', 'exten => 2,1,Dial()']);
  expect(told).toContain('chan_dahdi.conf:4: channel 17: the HAT has 8 lines; another box has room for it');
  expect(told).toContain('chan_dahdi.conf:4: changed: channel 10 is line 2 here');
});

test('digital channels and sections of their own: the latter with dahdichan', () => {
  const { lines, told } = importDahdi(
    '[channels]\nswitchtype=euroisdn\nsignalling=pri_cpe\nchannel => 1-15,17-31\nchannel => x\n[desk](!)\nsignalling=fxo_ks\ncontext=a\n[joe](desk)\nfullname=Joe\ndahdichan=2',
    '[a]\nexten => 1,1,Hangup()',
  );
  expect(lines).toEqual([{ port: 2, kind: 'fxs', name: 'Joe', context: 'a' }]);
  expect(told.slice(0, 2)).toEqual([
    'chan_dahdi.conf:2: switchtype: there is no ISDN and no SS7; a gateway between them and SIP is a trunk of `sip.trunks`',
    'chan_dahdi.conf:4: channels 1-15,17-31 have signalling pri_cpe; lines are analogue, fxo_ks for a telephone, fxs_ks for a town line',
  ]);
});

test('the ways of emergency calls are those that the dialplan had', () => {
  const { document, dialplan } = importDahdi(
    LINES,
    `${DIALPLAN}\nexten => 5,1,Hangup()\n[office](+)\nexten => 911,1,Dial(DAHDI/4/911)\n same => n,Dial(IAX2/hq/911&IAX2/none/911)`,
    { 'iax.conf': '[hq]\ntype=peer\nhost=192.0.2.1' },
  );
  expect(document).toMatchObject({ emergency: { via: ['LINE/4', 'IAX2/hq'] } });
  expect(dialplan.join('\n')).not.toContain('911');
});

test('rooms with a PIN, codes, queues, names and ports of the other files', () => {
  const { document, dialplan, told } = importDahdi(
    LINES,
    `${DIALPLAN}
[rooms]
include => parkedcalls
exten => 600,1,MeetMe(600)
exten => 601,1,ConfBridge(601,wide,staff)
exten => 602,1,Queue(sales,t,,,30)
exten => 603,1,Queue(nobody)`,
    {
      'meetme.conf': '[rooms]\nconf => 600,4711,4712\nconf => 609',
      'confbridge.conf': '[staff]\ntype=user\npin=1234\nwait_marked=yes\n[wide]\ntype=bridge\nmax_members=10',
      'features.conf': '[general]\npickupexten=*7\nparkext=700\n[featuremap]\natxfer=*2',
      'queues.conf': '[sales]\nstrategy=linear\nmember => DAHDI/1,1\nmember => Agent/3',
      'indications.conf': '[general]\ncountry=uk',
      'rtp.conf': '[general]\nrtpstart=12001\nrtpend=12100',
      'asterisk.conf': '[options]\nsystemname = Lyon_01',
      'voicemail.conf': '[default]\n201 => 9999,Front desk\n202 => 9999,Fax',
      'dundi.conf':
        '[general]\n[mappings]\npriv => office,0,IAX2,priv:secret@x/number,nopartial\n[00:11:22:33:44:55]\nmodel=symmetric',
      'extensions.ael': 'context a {}',
    },
  );
  expect(document).toMatchObject({
    site: { id: 'lyon-01', country: 'gb' },
    net: { rtpPorts: '12002-12100' },
    conferences: {
      '600': { pin: '4711', leaderPin: '4712' },
      '601': { pin: '1234', waitForLeader: true, maxMembers: 10 },
    },
    features: { contexts: ['office'], pickup: '*7', park: '700' },
  });
  expect(dialplan).toContain('exten => 602,1,Dial(LINE/1,30)');
  expect(dialplan).toContain('exten => 603,1,Queue(nobody)');
  for (const start of [
    'features.conf:5: atxfer: calls are held',
    'queues.conf:2: queue sales: all members ring',
    'queues.conf:4: member of queue sales: there is no technology Agent',
    'voicemail.conf:1: 2 mailboxes of [default]',
    'dundi.conf:3: DUNDi mapping priv',
    'dundi.conf:4: DUNDi peer [00:11:22:33:44:55]',
    'extensions.ael: it is not read',
  ])
    expect(told.some((line) => line.startsWith(start))).toBe(true);
});
