import { loopbackAddress } from '../support/loopback.ts';
import { SIP_MODULES } from '../support/sip-centre.ts';
import { FAULTS_ONLY } from './asterisk-files.ts';
import { Kamailio } from './kamailio.ts';
import { asteriskSubject, branchlineSubject, kamailioSubject, type Subject } from './subject.ts';

/** The switch that is measured, and where SIPp is. */
export const SUBJECT = loopbackAddress(41);
export const SIPP = { ip: loopbackAddress(42), port: 5070 };

/** Phones that it knows: their users, which are their numbers, and what each proves itself with. */
export const PHONES: readonly string[] = Array.from({ length: 400 }, (_, i) => String(2_000 + i));
export const secretOf = (user: string) => `secret-${user}`;

/** Registrars with phones. Each may call the others, and 600, which answers by itself. */
export const SUBJECTS: readonly Subject[] = [branchlineSubject(branchline(), SUBJECT), asterisk('Asterisk 22', false)];
/** A registrar alone, where the machine has one. */
export const REGISTRARS: readonly Subject[] =
  Kamailio.command === undefined
    ? []
    : [kamailioSubject({ bind: SUBJECT, phones: PHONES.map((user) => ({ user, secret: secretOf(user) })) })];
/** Puts the voice of bridged phones in order, too. */
export const BUFFERING = asterisk('Asterisk 22, jitter buffer', true);

function branchline(): string {
  const phones = PHONES.map((user) => `    "${user}": { secret: ${secretOf(user)}, context: office, codecs: [ulaw] }`);
  return `site: { id: bench, name: Bench, country: us, timezone: UTC }
sip:
  listen: ["udp://${SUBJECT}:5060"]
  qualify: { every: 1h, timeout: 3s }
  phones:
${phones.join('\n')}
net: { rtpPorts: 20000-29999 }
dialplan: |
  [office]
  exten => 600,1,Answer
  exten => 600,2,Wait(30)
  exten => _2XXX,1,Dial(SIP/\${EXTEN},30)
web: { listen: "http://${SUBJECT}:8080", auth: none }
`;
}

/** With `buffers`, the voice of the caller and of the called phone goes through a jitter buffer each. */
function asterisk(name: string, buffers: boolean): Subject {
  const phones = PHONES.map(
    (user) => `[${user}](endpoint)
auth=${user}
aors=${user}
[${user}](auth)
username=${user}
password=${secretOf(user)}
[${user}](aor)
`,
  );
  const pjsip = `[transport]
type=transport
protocol=udp
bind=@BIND@
[endpoint](!)
type=endpoint
context=office
disallow=all
allow=ulaw
direct_media=no
media_address=@BIND@
bind_rtp_to_media_address=yes
[auth](!)
type=auth
auth_type=userpass
[aor](!)
type=aor
max_contacts=1
remove_existing=yes
${phones.join('')}`;
  const setBuffer = 'Set(JITTERBUFFER(adaptive)=default)';
  const dial = buffers
    ? `exten => _2XXX,1,${setBuffer}
 same => n,Dial(PJSIP/\${EXTEN},30,b(buffer^s^1))
[buffer]
exten => s,1,${setBuffer}
 same => n,Return()
`
    : `exten => _2XXX,1,Dial(PJSIP/\${EXTEN},30)
`;
  return asteriskSubject(
    {
      version: '22',
      bind: SUBJECT,
      modules: [...SIP_MODULES['22'], 'func_jitterbuffer', 'app_stack'],
      files: {
        'pjsip.conf': pjsip,
        'extensions.conf': `[office]
exten => 600,1,Answer()
 same => n,Wait(30)
${dial}`,
        'rtp.conf': '[general]\nrtpstart=20000\nrtpend=29999',
        'logger.conf': FAULTS_ONLY,
      },
    },
    name,
  );
}
