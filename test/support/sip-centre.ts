import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AsteriskVersion } from '../interop/peers/catalogue.ts';
import { type Asterisk, startAsterisk } from './asterisk.ts';
import { CENTRE, centreFiles, SECRET } from './branch-office.ts';

/** What Asterisk 22 needs for SIP besides the modules that every test has; Asterisk 16 has its old channel driver. */
export const SIP_MODULES: Readonly<Record<AsteriskVersion, readonly string[]>> = {
  16: ['res_sorcery_config', 'res_pjproject', 'res_rtp_asterisk', 'res_http_websocket', 'res_srtp', 'chan_sip'],
  22: [
    ...['res_rtp_asterisk', 'res_srtp', 'res_statsd', 'res_geolocation', 'res_http_websocket', 'res_pjproject'],
    ...[
      'res_sorcery_config',
      'res_sorcery_memory',
      'res_sorcery_astdb',
      'res_pjsip',
      'res_pjsip_session',
      'res_pjsip_pubsub',
    ],
    ...['res_pjsip_registrar', 'res_pjsip_authenticator_digest', 'res_pjsip_outbound_authenticator_digest'],
    ...['res_pjsip_outbound_registration', 'res_pjsip_endpoint_identifier_user', 'res_pjsip_endpoint_identifier_ip'],
    ...['res_pjsip_sdp_rtp', 'res_pjsip_caller_id', 'res_pjsip_nat', 'res_pjsip_rfc3326', 'res_pjsip_dtmf_info'],
    ...['res_pjsip_refer', 'res_pjsip_diversion', 'res_pjsip_logger', 'chan_pjsip'],
  ],
};

/** Calls of the office by SIP, in the words of each channel driver. */
const TO_BRANCH = `[to-branch-by-sip]
exten => _X.,1,Dial(@DIAL@,20)
 same => n,Verbose(1,OUTCOME=\${DIALSTATUS} CAUSE=\${HANGUPCAUSE}.)
`;

function chanSip(more: string): string {
  return `[general]
bindaddr=@BIND@
udpbindaddr=@BIND@
context=nowhere
allowguest=no
disallow=all
allow=ulaw
allow=alaw
[branch-01]
type=friend
host=dynamic
secret=${SECRET}
context=from-branch
dtmfmode=rfc2833
trustrpid=yes
sendrpid=pai
qualify=no
directmedia=no
${more}`;
}

/** The example that is shipped, with the addresses of this test. */
function pjsip(more: string): string {
  const example = readFileSync(join(import.meta.dirname, '../../deploy/asterisk/pjsip.conf'), 'utf8');
  return `${example
    .replace('bind=0.0.0.0', 'bind=@BIND@')
    .replaceAll('change-me-to-something-long', SECRET)
    .replace('context=from-branches', 'context=from-branch')
    // Over loopback its voice must come from the address that it says.
    .replace('direct_media=no', 'direct_media=no\nmedia_address=@BIND@\nbind_rtp_to_media_address=yes')}
${more}`;
}

export interface SipCentreOptions {
  /** Further lines of sip.conf, which go on in the section of the branch, or sections of pjsip.conf. */
  readonly sip?: string;
  /** Further contexts of the dialplan. */
  readonly dialplan?: string;
  readonly modules?: readonly string[];
  /** Its address; `CENTRE` unless told. */
  readonly bind?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Head office as a SIP trunk sees it, with the numbers of `centreFiles`. */
export function startSipCentre(version: AsteriskVersion, options: SipCentreOptions = {}): Promise<Asterisk> {
  const { sip = '', dialplan = '', modules = [] } = options;
  const files = { ...centreFiles(), ...options.files };
  const dial = `${version === '16' ? 'SIP' : 'PJSIP'}/\${EXTEN}@branch-01`;
  return startAsterisk({
    version,
    bind: options.bind ?? CENTRE,
    modules: [...SIP_MODULES[version], ...modules],
    files: {
      ...files,
      'extensions.conf': `${TO_BRANCH.replace('@DIAL@', dial)}${files['extensions.conf']}${dialplan}`,
      'rtp.conf': '[general]\nrtpstart=12000\nrtpend=12999\nstrictrtp=yes',
      ...(version === '16' ? { 'sip.conf': chanSip(sip) } : { 'pjsip.conf': pjsip(sip) }),
    },
  });
}
