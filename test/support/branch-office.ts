import type { AsteriskVersion } from '../interop/peers/catalogue.ts';
import { Appliance, startAppliance } from './appliance.ts';
import { type Asterisk, startAsterisk } from './asterisk.ts';
import { loopbackAddress } from './loopback.ts';

/** Addresses of one test file, apart from those of any other process. */
export const CENTRE = loopbackAddress(1);
export const BRANCH = loopbackAddress(2);
export const ROUTER = loopbackAddress(3);
export const ROUTER_OUTSIDE = loopbackAddress(4);
export const WEB = `${BRANCH}:8080`;

export const SECRET = 's3cret-of-the-branch';

export interface CentreOptions {
  /** Lines for the branch's section of iax.conf. */
  readonly peer?: string;
  readonly general?: string;
  /** Lines of the dialplan's [globals]. */
  readonly globals?: string;
}

/** What head office has: a section for the branch, and numbers that answer in every way a test needs. */
export function centreFiles({ peer = '', general = '', globals = '' }: CentreOptions = {}): Record<string, string> {
  return {
    'iax.conf': `[general]
bindaddr=@BIND@
disallow=all
allow=ulaw
allow=alaw
authdebug=yes
minregexpire=10
maxregexpire=3600
jitterbuffer=no
${general}
[branch1]
type=friend
host=dynamic
username=hq
secret=${SECRET}
auth=md5
requirecalltoken=yes
context=from-branch
qualify=yes
qualifyfreqok=1000
qualifyfreqnotok=1000
${peer}`,
    'extensions.conf': `[from-branch]
exten => 600,1,Answer()
 same => n,Echo()
exten => 601,1,Answer()
 same => n,Milliwatt()
exten => 602,1,Hangup(17)
exten => 603,1,Hangup(34)
exten => 616,1,Hangup(44)
exten => 604,1,Ringing()
 same => n,Wait(120)
exten => 605,1,Ringing()
 same => n,Wait(2)
 same => n,Answer()
 same => n,Wait(120)
exten => 615,1,Ringing()
 same => n(rings),Wait(0.2)
 same => n,GotoIf($["\${GO}" != "1"]?rings)
 same => n,Answer()
 same => n,Wait(120)
exten => 606,1,Answer()
 same => n,Wait(1)
 same => n,Hangup(16)
exten => 607,1,Answer()
 same => n,Set(COUNT=0)
 same => n(next),Read(DIGIT,,1,,1,10)
 same => n,GotoIf($["\${DIGIT}" = ""]?done)
 same => n,Set(DIGITS=\${DIGITS}\${DIGIT})
 same => n,Set(COUNT=$[\${COUNT} + 1])
 same => n,GotoIf($[\${COUNT} < \${WANTED}]?next)
 same => n(done),Verbose(1,READ-DIGITS=\${DIGITS}=)
 same => n,Wait(120)
exten => 608,1,Busy(20)
exten => 112,1,Verbose(1,EMERGENCY FROM=\${CALLERID(num)}=)
 same => n,Answer()
 same => n,Milliwatt()
exten => 613,1,Verbose(1,CALLER=\${CALLERID(num)} TON=\${CALLERID(num-plan)} PRES=\${CALLERID(num-pres)} ANI2=\${CALLERID(ani2)}.)
 same => n,Hangup(17)
exten => 614,1,Verbose(1,CALLED FOR RDNIS=\${CALLERID(rdnis)} BY=\${CALLERID(num)}.)
 same => n,Hangup(17)
exten => 609,1,Congestion(20)
exten => 610,1,Answer()
 same => n,Record(\${RECORDING}.wav,0,4,kq)
 same => n,Wait(120)
[to-branch]
exten => _X.,1,Dial(IAX2/branch1/\${EXTEN},3)
 same => n,Verbose(1,OUTCOME=\${DIALSTATUS} CAUSE=\${HANGUPCAUSE}.)
[speech]
exten => digit,1,Wait(1)
 same => n,SendDTMF(5,,600)
 same => n,Wait(20)
[globals]
WANTED=10
${globals}`,
  };
}

export function startCentre(version: AsteriskVersion, options: CentreOptions = {}, bind = CENTRE): Promise<Asterisk> {
  return startAsterisk({ version, bind, files: centreFiles(options) });
}

export interface BranchOptions {
  readonly host?: string;
  readonly username?: string;
  readonly secret?: string;
  readonly register?: string;
  readonly qualify?: string;
  readonly codecs?: string;
  /** More keys of the telephone on line 1, as they stand in its mapping: `, mailbox: hq`. */
  readonly line1?: string;
  /** How the peer `hq` proves itself, and we ourselves: `[md5]` unless told. */
  readonly auth?: string;
  /** More keys of the peer `hq`, one per line. */
  readonly hq?: string;
  /** More lines of iax2.peers, four blanks deep. */
  readonly peers?: string;
  /** More sections, as they stand in the document: `sip: …`. */
  readonly sections?: string;
  readonly dialplan?: string;
  readonly country?: string;
  readonly bind?: string;
}

/** The configuration of a branch with two telephones, registered at head office. */
export function branchConfig(options: BranchOptions = {}): string {
  const { host = CENTRE, username = 'branch1', secret = SECRET, register = '{ refresh: 60s }' } = options;
  const { qualify = '{ every: 2s, timeout: 1s }', codecs = '[ulaw, alaw]', peers = '', country = 'fr' } = options;
  return `site: { id: branch-1, name: Branch one, country: ${country}, timezone: Europe/Paris }
hat:
  port: emulator
  emulator: plain
  lines:
    - { port: 1, kind: fxs, extension: "201", name: Front desk, context: office${options.line1 ?? ''} }
    - { port: 2, kind: fxs, extension: "202", name: Back room, context: office }
iax2:
  bind: ${options.bind ?? `${BRANCH}:4569`}
  peers:
    hq:
      type: friend
      host: ${host}
      username: ${username}
      secret: ${secret}
      auth: ${options.auth ?? '[md5]'}
      register: ${register}
      context: from-hq
      codecs: ${codecs}
      callToken: required
      qualify: ${qualify}
${(options.hq ?? '').replace(/^(?=.)/gm, '      ')}
${peers}
${options.sections ?? ''}
dialplan: |
  [office]
  exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
  exten => _7XXX,1,Dial(IAX2/hq/\${EXTEN:1},60)
${(options.dialplan ?? '').replace(/^(?=.)/gm, '  ')}
  [from-hq]
  exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
web: { listen: "http://${WEB}", auth: none }
`;
}

export function startBranch(options: BranchOptions = {}): Promise<Appliance> {
  return startAppliance({ config: branchConfig(options), web: WEB });
}

/** A branch that was never started, for tests of the start itself. */
export function branch(options: BranchOptions = {}): Appliance {
  return new Appliance({ config: branchConfig(options), web: WEB });
}
