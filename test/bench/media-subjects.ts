import type { AsteriskOptions } from '../support/asterisk.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { FAULTS_ONLY, IAX_GENERAL, MANAGER } from './asterisk-files.ts';
import { asteriskSubject, branchlineSubject, type Subject } from './subject.ts';

/** The switch that is measured, who calls, who is called on, and a head office whose calls are many. */
export const SWITCH = loopbackAddress(61);
export const CALLERS = loopbackAddress(62);
export const ANSWERER = loopbackAddress(63);
export const EXCHANGE = loopbackAddress(64);
/** Whom callers say that they are, and what they can call: who is called on, without and with a trunk, or a conference. */
export const USER = 'bench';
export const NUMBERS = { relay: '601', trunk: '602', conference: '600' } as const;

const BRANCHLINE = `site: { id: bench, name: Bench, country: us, timezone: UTC }
iax2:
  bind: ${SWITCH}:4569
  peers:
    ${USER}: { type: user, context: bench, codecs: [ulaw], callToken: no }
    far: { type: peer, host: "${ANSWERER}:4569", codecs: [ulaw] }
    trunked: { type: peer, host: "${ANSWERER}:4570", codecs: [ulaw], trunk: true }
conferences: { "${NUMBERS.conference}": { announce: false, maxMembers: 512 } }
dialplan: |
  [bench]
  exten => ${NUMBERS.relay},1,Dial(IAX2/far/1,30)
  exten => ${NUMBERS.trunk},1,Dial(IAX2/trunked/1,30)
  exten => ${NUMBERS.conference},1,Answer
  exten => ${NUMBERS.conference},2,ConfBridge(${NUMBERS.conference})
web: { listen: "http://${SWITCH}:8080", auth: none }
`;

const ASTERISK = {
  'iax.conf': `${IAX_GENERAL}calltokenoptional=0.0.0.0/0.0.0.0
[${USER}]
type=user
requirecalltoken=no
context=bench
[far]
type=peer
host=${ANSWERER}
requirecalltoken=no
[trunked]
type=peer
host=${ANSWERER}
port=4570
requirecalltoken=no
trunk=yes
`,
  'extensions.conf': `[bench]
exten => ${NUMBERS.relay},1,Dial(IAX2/far/1,30)
exten => ${NUMBERS.trunk},1,Dial(IAX2/trunked/1,30)
exten => ${NUMBERS.conference},1,Answer()
 same => n,ConfBridge(${NUMBERS.conference})
`,
  'confbridge.conf': '[general]\n[default_bridge]\ntype=bridge\n[default_user]\ntype=user\nquiet=yes\n',
  'logger.conf': FAULTS_ONLY,
};

/** Switches that take calls of IAX2 without token and secret. */
export const SUBJECTS: readonly Subject[] = [
  branchlineSubject(BRANCHLINE, SWITCH),
  asteriskSubject({ version: '22', bind: SWITCH, files: ASTERISK }),
];

/** The head office. */
export function exchangeOptions(): AsteriskOptions {
  return {
    version: '16',
    bind: EXCHANGE,
    files: {
      'iax.conf': `${IAX_GENERAL}[switch]
type=peer
host=${SWITCH}
username=${USER}
`,
      'manager.conf': MANAGER,
      'logger.conf': FAULTS_ONLY,
    },
  };
}
