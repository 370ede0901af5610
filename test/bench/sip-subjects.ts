import { Appliance } from '../support/appliance.ts';
import { Asterisk } from '../support/asterisk.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { SIP_MODULES } from '../support/sip-centre.ts';

/** The switch that is measured, and where SIPp is. */
export const SUBJECT = loopbackAddress(41);
export const SIPP = { ip: loopbackAddress(42), port: 5070 };

/** Phones that it knows: their users, which are their numbers, and what each proves itself with. */
export const PHONES: readonly string[] = Array.from({ length: 400 }, (_, i) => String(2_000 + i));
export const secretOf = (user: string) => `secret-${user}`;

/** A registrar with phones. Each may call the others, and 600, which answers by itself. */
export interface SipSubject {
  readonly name: string;
  start(): Promise<void>;
  readonly pid: number;
  stop(): Promise<void>;
}

export class BranchlineSip implements SipSubject {
  readonly name = 'Branchline';
  private appliance: Appliance | undefined;

  async start(): Promise<void> {
    const phones = PHONES.map(
      (user) => `    "${user}": { secret: ${secretOf(user)}, context: office, codecs: [ulaw] }`,
    );
    const config = `site: { id: bench, name: Bench, country: us, timezone: UTC }
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
    this.appliance = new Appliance({ config, web: `${SUBJECT}:8080` });
    await this.appliance.start();
  }

  get pid(): number {
    return this.appliance!.pid;
  }

  async stop(): Promise<void> {
    await this.appliance?.dispose();
  }
}

export class AsteriskSip implements SipSubject {
  readonly name = 'Asterisk 22';
  private asterisk: Asterisk | undefined;

  async start(): Promise<void> {
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
    this.asterisk = new Asterisk({
      version: '22',
      bind: SUBJECT,
      modules: SIP_MODULES['22'],
      files: {
        'pjsip.conf': `[transport]
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
${phones.join('')}`,
        'extensions.conf': `[office]
exten => 600,1,Answer()
 same => n,Wait(30)
exten => _2XXX,1,Dial(PJSIP/\${EXTEN},30)
`,
        'rtp.conf': '[general]\nrtpstart=20000\nrtpend=29999',
        'logger.conf': '[general]\n[logfiles]\nfull => warning,error',
      },
    });
    await this.asterisk.start();
  }

  get pid(): number {
    return this.asterisk!.pid;
  }

  async stop(): Promise<void> {
    await this.asterisk?.dispose();
  }
}
