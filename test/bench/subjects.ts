import type { AsteriskVersion } from '../interop/peers/catalogue.ts';
import type { AsteriskOptions } from '../support/asterisk.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { FAULTS_ONLY, IAX_GENERAL, MANAGER } from './asterisk-files.ts';
import { asteriskSubject, branchlineSubject, type Subject } from './subject.ts';

/** Where calls come from, the switch that is measured, and where calls go. */
export const GENERATOR = loopbackAddress(31);
export const SUBJECT = loopbackAddress(32);
export const SINK = loopbackAddress(33);

const SECRET = 'bench-s3cret';

const BRANCHLINE_CONFIG = `site: { id: bench, name: Bench, country: us, timezone: UTC }
iax2:
  bind: ${SUBJECT}:4569
  peers:
    generator: { type: user, host: ${GENERATOR}, secret: ${SECRET}, context: from-generator, codecs: [ulaw] }
    sink:
      type: peer
      host: ${SINK}
      username: subject
      secret: ${SECRET}
      register: { refresh: 60s }
      codecs: [ulaw]
    trunked-generator:
      { type: user, host: ${GENERATOR}, secret: ${SECRET}, context: from-trunk, codecs: [ulaw], trunk: true }
    trunked-sink:
      { type: peer, host: ${SINK}, username: trunked-subject, secret: ${SECRET}, codecs: [ulaw], trunk: true }
dialplan: |
  [from-generator]
  exten => _6XX,1,Dial(IAX2/sink/\${EXTEN},30)
  [from-trunk]
  exten => _6XX,1,Dial(IAX2/trunked-sink/\${EXTEN},30)
web: { listen: "http://${SUBJECT}:8080", auth: none }
`;

const GENERAL = `${IAX_GENERAL}authdebug=no
`;

const SUBJECT_FILES = {
  'iax.conf': `${GENERAL}register => subject:${SECRET}@${SINK}
[generator]
type=user
secret=${SECRET}
auth=md5
requirecalltoken=yes
context=from-generator
[sink]
type=peer
host=${SINK}
username=subject
secret=${SECRET}
auth=md5
[trunked-generator]
type=user
secret=${SECRET}
auth=md5
requirecalltoken=yes
context=from-trunk
trunk=yes
[trunked-sink]
type=peer
host=${SINK}
username=trunked-subject
secret=${SECRET}
auth=md5
trunk=yes
`,
  'extensions.conf': `[from-generator]
exten => _6XX,1,Dial(IAX2/sink/\${EXTEN},30)
[from-trunk]
exten => _6XX,1,Dial(IAX2/trunked-sink/\${EXTEN},30)`,
  'logger.conf': FAULTS_ONLY,
};

/** Switches that register at the sink, take calls from the generator and dial them on to the sink. */
export const SUBJECTS: readonly Subject[] = [
  branchlineSubject(BRANCHLINE_CONFIG, SUBJECT),
  asteriskSubject({ version: '22', bind: SUBJECT, files: SUBJECT_FILES }),
  asteriskSubject({ version: '16', bind: SUBJECT, files: SUBJECT_FILES }),
];

export function generatorOptions(version: AsteriskVersion): AsteriskOptions {
  return {
    version,
    bind: GENERATOR,
    files: {
      'iax.conf': `${GENERAL}[subject]
type=peer
host=${SUBJECT}
username=generator
secret=${SECRET}
auth=md5
[trunked-subject]
type=peer
host=${SUBJECT}
username=trunked-generator
secret=${SECRET}
auth=md5
trunk=yes
`,
      'manager.conf': MANAGER,
      'logger.conf': FAULTS_ONLY,
    },
  };
}

export function sinkOptions(version: AsteriskVersion): AsteriskOptions {
  return {
    version,
    bind: SINK,
    files: {
      'iax.conf': `${GENERAL}[subject]
type=friend
host=dynamic
secret=${SECRET}
auth=md5
requirecalltoken=yes
context=sink
[trunked-subject]
type=user
secret=${SECRET}
auth=md5
requirecalltoken=yes
context=sink
trunk=yes
`,
      'extensions.conf':
        '[sink]\nexten => 601,1,Answer()\n same => n,Milliwatt()\nexten => 602,1,Answer()\n same => n,Wait(2)\n same => n,Hangup()',
    },
  };
}
