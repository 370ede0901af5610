import type { AsteriskVersion } from '../interop/peers/catalogue.ts';
import { Appliance } from '../support/appliance.ts';
import { Asterisk, type AsteriskOptions } from '../support/asterisk.ts';
import { loopbackAddress } from '../support/loopback.ts';

/** Where calls come from, the switch that is measured, and where calls go. */
export const GENERATOR = loopbackAddress(31);
export const SUBJECT = loopbackAddress(32);
export const SINK = loopbackAddress(33);

const SECRET = 'bench-s3cret';

/** A switch that registers at the sink, takes calls from the generator and dials them on to the sink. */
export interface Subject {
  readonly name: string;
  /** Starts it; gives when, in `performance.now()`. */
  start(): Promise<number>;
  readonly pid: number;
  stop(): Promise<void>;
}

export class BranchlineSubject implements Subject {
  readonly name = 'Branchline';
  private appliance: Appliance | undefined;

  async start(): Promise<number> {
    this.appliance = new Appliance({ config: BRANCHLINE_CONFIG, web: `${SUBJECT}:8080` });
    const startMs = performance.now();
    await this.appliance.start();
    return startMs;
  }

  get pid(): number {
    return this.appliance!.pid;
  }

  async stop(): Promise<void> {
    await this.appliance?.dispose();
  }
}

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
dialplan: |
  [from-generator]
  exten => _6XX,1,Dial(IAX2/sink/\${EXTEN},30)
web: { listen: "http://${SUBJECT}:8080", auth: none }
`;

export class AsteriskSubject implements Subject {
  readonly name: string;
  private asterisk: Asterisk | undefined;

  constructor(private readonly version: AsteriskVersion) {
    this.name = `Asterisk ${version}`;
  }

  async start(): Promise<number> {
    this.asterisk = new Asterisk({ version: this.version, bind: SUBJECT, files: SUBJECT_FILES });
    const startMs = performance.now();
    await this.asterisk.start();
    return startMs;
  }

  get pid(): number {
    return this.asterisk!.pid;
  }

  async stop(): Promise<void> {
    await this.asterisk?.dispose();
  }
}

const GENERAL = `[general]
bindaddr=@BIND@
disallow=all
allow=ulaw
jitterbuffer=no
maxcallnumbers=16384
authdebug=no
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
`,
  'extensions.conf': `[from-generator]\nexten => _6XX,1,Dial(IAX2/sink/\${EXTEN},30)`,
  'logger.conf': '[general]\n[logfiles]\nfull => warning,error',
};

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
`,
      'manager.conf':
        '[general]\nenabled=yes\nbindaddr=@BIND@\nport=5038\n[bench]\nsecret=bench\nread=call\nwrite=originate,call',
      'logger.conf': '[general]\n[logfiles]\nfull => warning,error',
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
`,
      'extensions.conf':
        '[sink]\nexten => 601,1,Answer()\n same => n,Milliwatt()\nexten => 602,1,Answer()\n same => n,Wait(2)\n same => n,Hangup()',
    },
  };
}
