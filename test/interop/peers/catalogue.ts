/** The real programs that the interop tests meet, and where a Debian machine gets each of them. */
import { arch } from 'node:process';

export type AsteriskVersion = '16' | '22';
export type NodeVersion = '22' | '24';
export type PeerId = `asterisk${AsteriskVersion}` | `node${NodeVersion}` | CheckerId | HostPeerId;
export type CheckerId = (typeof CHECKERS)[number]['id'];
export type HostPeerId = (typeof HOST_PEERS)[number]['id'];

/**
 * Asterisk of another Debian suite than the machine's own: unpacked into a folder of ours and run in place, so that
 * several versions stand beside each other and the machine's own packages stay as they are.
 */
export interface SuitePeer {
  readonly id: `asterisk${AsteriskVersion}`;
  readonly version: AsteriskVersion;
  readonly suite: string;
  readonly packages: readonly string[];
}

export const SUITE_PEERS: readonly SuitePeer[] = [
  { id: 'asterisk16', version: '16', suite: 'bullseye', packages: ['asterisk', 'asterisk-core-sounds-en-gsm'] },
  { id: 'asterisk22', version: '22', suite: 'sid', packages: ['asterisk', 'asterisk-core-sounds-en-gsm'] },
];

/** Other releases of Node, each an npm package that holds the program; what runs the tests is the oldest of ours. */
export const NODE_PEERS = [
  { id: 'node22', version: '22', package: `node-linux-${arch}@22` },
  { id: 'node24', version: '24', package: `node-linux-${arch}@24` },
] as const;

/** npm packages that judge what we publish; apart from the project's own, which do not depend on theirs. */
export const CHECKERS = [
  { id: 'asyncapi-parser', name: '@asyncapi/parser', package: '@asyncapi/parser@3.6.6' },
] as const;

/** Programs of the machine's own Debian release: `command` tells whether the package is there. */
export const HOST_PEERS = [
  { id: 'tshark', command: 'tshark', package: 'tshark' },
  { id: 'mosquitto', command: 'mosquitto', package: 'mosquitto' },
  { id: 'nats-server', command: 'nats-server', package: 'nats-server' },
  { id: 'chromium', command: 'chromium', package: 'chromium' },
  { id: 'iaxmodem', command: 'iaxmodem', package: 'iaxmodem' },
  { id: 'efax', command: 'efax', package: 'efax' },
  { id: 'spandsp', command: '../include/spandsp/fax.h', package: 'libspandsp-dev' },
  { id: 'baresip', command: 'baresip', package: 'baresip-core' },
  { id: 'sipp', command: 'sipp', package: 'sip-tester' },
  { id: 'sipsak', command: 'sipsak', package: 'sipsak' },
  { id: 'minimodem', command: 'minimodem', package: 'minimodem' },
  { id: 'iproute2', command: 'ip', package: 'iproute2' },
  { id: 'nftables', command: 'nft', package: 'nftables' },
  { id: 'linphone', command: 'linphonec', package: 'linphone-cli' },
  { id: 'gcc', command: 'gcc', package: 'build-essential' },
  { id: 'arm-gcc', command: 'arm-none-eabi-gcc', package: 'gcc-arm-none-eabi' },
  { id: 'dtc', command: 'dtc', package: 'device-tree-compiler' },
  { id: 'openssl', command: 'openssl', package: 'openssl' },
  { id: 'socat', command: 'socat', package: 'socat' },
  { id: 'systemd', command: 'systemd-analyze', package: 'systemd' },
] as const;

/** The Asterisk modules that the tests use. Loading the rest would double the start-up time and fill the log. */
export const ASTERISK_MODULES = [
  ...['res_timing_timerfd', 'res_crypto', 'res_clioriginate', 'res_musiconhold', 'res_security_log'],
  ...['chan_iax2', 'chan_bridge_media', 'pbx_config', 'pbx_spool', 'bridge_simple', 'bridge_softmix', 'bridge_holding'],
  ...['app_dial', 'app_echo', 'app_playback', 'app_milliwatt', 'app_read', 'app_verbose', 'app_record', 'app_stack'],
  ...['app_senddtmf', 'app_sendtext', 'app_playtones', 'app_while', 'app_softhangup', 'app_transfer', 'app_confbridge'],
  ...['func_callerid', 'func_channel', 'func_global', 'func_hangupcause', 'func_logic', 'func_math', 'func_strings'],
  ...['func_timeout', 'func_db', 'func_cut', 'func_dialplan', 'func_rand', 'func_jitterbuffer'],
  ...['codec_ulaw', 'codec_alaw', 'codec_a_mu', 'codec_gsm', 'codec_resample'],
  ...['format_pcm', 'format_gsm', 'format_wav', 'format_sln'],
] as const;
