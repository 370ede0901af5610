import { closest } from '../base/closest.ts';
import { parseMailbox } from '../base/mailbox.ts';
import type { DialTarget } from '../dialplan/dial-target.ts';
import type { Dialplan } from '../dialplan/dialplan.ts';
import { emergencyPlan } from './emergency.ts';
import { whyNoWayOut } from './emergency-check.ts';
import { quoted } from './messages.ts';
import { formatPath, type Path } from './problem.ts';
import type { ConfigurationInput } from './schema/configuration.ts';
import { isLoopback } from './schema/values.ts';

/** What no schema can say: keys that contradict each other, names that nothing has. */
export interface Contradiction {
  readonly path: Path;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly stopsRun?: true;
}

type Report = (path: Path, message: string, severity?: 'error' | 'warning', stopsRun?: true) => void;

/** `written` is the document before defaults were filled in. */
export function contradictions(config: ConfigurationInput, written: unknown, dialplan: Dialplan): Contradiction[] {
  const found: Contradiction[] = [];
  const report: Report = (path, message, severity = 'error', stopsRun) => {
    found.push({ path, severity, message, ...(stopsRun ? { stopsRun } : {}) });
  };
  checkLines(config, written, report);
  checkNumbers(config, report);
  checkHotlines(config, dialplan, report);
  checkContexts(config, dialplan, report);
  checkPeers(config, report);
  checkMailboxes(config, report);
  checkSip(config, report);
  checkWays(config, report);
  checkFeatures(config, report);
  checkPorts(config, report);
  checkServices(config, report);
  return found;
}

function checkLines(config: ConfigurationInput, written: unknown, report: Report): void {
  const jacks = new Map<number, number>();
  for (const [index, line] of (config.hat?.lines ?? []).entries()) {
    const path: Path = ['hat', 'lines', index];
    const first = jacks.get(line.port);
    if (first === undefined) jacks.set(line.port, index);
    else report([...path, 'port'], `port ${line.port} is taken by hat.lines[${first}]; each jack may be used once`);
    if (line.context === undefined) {
      report(path, `${formatPath(path)} has no context; calls from it reach nothing`, 'warning');
    }
  }
  const site = (written as { site?: object }).site;
  if (jacks.size > 0 && site !== undefined && !('country' in site)) {
    report(['site'], 'site.country is missing; the lines get the tones and ringing of us', 'warning');
  }
}

/** Lines and phones may share an extension: `DEVICE()` rings them all. A group or a conference needs one of its own. */
function checkNumbers(config: ConfigurationInput, report: Report): void {
  const owners = new Map<string, { path: Path; rings: boolean }>();
  const claim = (number: string, path: Path, rings: boolean) => {
    const owner = owners.get(number);
    if (owner === undefined) owners.set(number, { path, rings });
    else if (owner.rings && rings) {
      report(path, `extension ${quoted(number)} is also that of ${formatPath(owner.path)}; both will ring`, 'warning');
    } else report(path, `${quoted(number)} is already ${formatPath(owner.path)}; each number may have one meaning`);
  };
  for (const [index, line] of (config.hat?.lines ?? []).entries()) {
    if (line.extension !== undefined) claim(line.extension, ['hat', 'lines', index, 'extension'], true);
  }
  for (const [user, phone] of Object.entries(config.sip?.phones ?? {})) {
    const path: Path = ['sip', 'phones', user];
    claim(phone.extension ?? user, phone.extension === undefined ? path : [...path, 'extension'], true);
  }
  const extensions = [...owners.keys()];
  for (const number of Object.keys(config.groups)) claim(number, ['groups', number], false);
  for (const number of Object.keys(config.conferences)) claim(number, ['conferences', number], false);
  for (const [number, members] of Object.entries(config.groups)) {
    for (const [index, member] of members.entries()) {
      if (!extensions.includes(member)) {
        report(['groups', number, index], `no line or phone has the extension ${quoted(member)}${oneOf(extensions)}`);
      }
    }
  }
  for (const [index, told] of (config.emergency?.notify ?? []).entries()) {
    // A phone that is adopted has an extension that stands nowhere here.
    if (told !== 'mqtt' && config.sip?.adopt === undefined && !extensions.includes(told))
      report(['emergency', 'notify', index], `no line or phone has the extension ${quoted(told)}${oneOf(extensions)}`);
  }
}

/** A hot line that leads nowhere is a telephone that cannot call. */
function checkHotlines(config: ConfigurationInput, dialplan: Dialplan, report: Report): void {
  const numbers = [...Object.keys(config.groups), ...Object.keys(config.conferences), ...emergencyPlan(config).numbers];
  for (const [index, { hotline, context = 'default' }] of (config.hat?.lines ?? []).entries()) {
    if (hotline === undefined || numbers.includes(hotline.number)) continue;
    if (dialplan.lookup(context, hotline.number).exists || dialplan.switches(context, {}).length > 0) continue;
    const path: Path = ['hat', 'lines', index, 'hotline'];
    report(
      path,
      `context ${quoted(context)} has no extension ${quoted(hotline.number)}: the hot line calls nobody`,
      'warning',
    );
  }
}

function checkContexts(config: ConfigurationInput, dialplan: Dialplan, report: Report): void {
  const named: [Path, string | undefined][] = [
    ...(config.hat?.lines ?? []).map((line, index): [Path, string | undefined] => [
      ['hat', 'lines', index, 'context'],
      line.context,
    ]),
    ...contextsOf(config.iax2?.peers, ['iax2', 'peers']),
    ...Object.entries(config.iax2?.peers ?? {}).flatMap(([name, { otherContexts = [] }]) =>
      otherContexts
        .map((context, index): [Path, string] => [['iax2', 'peers', name, 'otherContexts', index], context])
        .filter(([, context]) => context !== '*'),
    ),
    ...contextsOf(config.sip?.phones, ['sip', 'phones']),
    ...contextsOf(config.sip?.trunks, ['sip', 'trunks']),
    [['sip', 'adopt', 'context'], config.sip?.adopt?.context],
    ...(config.features?.contexts ?? []).map((name, index): [Path, string] => [['features', 'contexts', index], name]),
  ];
  for (const [path, name] of named) {
    if (name !== undefined && !dialplan.contexts.has(name)) {
      report(path, `the dialplan has no context ${quoted(name)}${suggestion(name, dialplan.contexts.keys())}`);
    }
  }
}

function contextsOf(
  parties: Readonly<Record<string, { readonly context?: string }>> | undefined,
  base: Path,
): [Path, string | undefined][] {
  return Object.entries(parties ?? {}).map(([name, { context }]) => [[...base, name, 'context'], context]);
}

function checkPeers(config: ConfigurationInput, report: Report): void {
  for (const [name, peer] of Object.entries(config.iax2?.peers ?? {})) {
    const path: Path = ['iax2', 'peers', name];
    if (peer.trunk && peer.encryption !== undefined) {
      report(
        [...path, 'trunk'],
        'trunk and encryption exclude each other: trunk frames would carry the voice in clear; leave out one of them',
      );
    }
    if (peer.register !== undefined && peer.host === 'dynamic') {
      report([...path, 'register'], 'register needs the host of the peer; a dynamic peer registers here instead');
    }
    if (peer.register !== undefined && peer.type === 'user') {
      report([...path, 'register'], 'register needs type: peer or friend; a user only calls us');
    }
    if (peer.allowFrom !== undefined && peer.acl !== undefined) {
      report([...path, 'acl'], 'acl and allowFrom exclude each other; write all rules in acl');
    }
    if (peer.auth.includes('rsa') && peer.inKeys === undefined && peer.outKey === undefined) {
      report([...path, 'auth'], 'auth: rsa needs keys: inKeys to check the peer, outKey to prove ourselves');
    }
    if (peer.type === 'peer') {
      if (peer.class !== undefined)
        report([...path, 'class'], 'class has no effect on type: peer, which never calls us', 'warning');
      continue;
    }
    if (peer.secret === undefined && peer.inKeys === undefined) {
      report(path, `${formatPath(path)} has no secret; whoever gives its name may call`, 'warning');
    }
    if (peer.context === undefined)
      report(path, `${formatPath(path)} has no context; its calls to us are rejected`, 'warning');
  }
}

/** Only IAX2 peers where we register, and SIP trunks, tell us of messages. */
function checkMailboxes(config: ConfigurationInput, report: Report): void {
  const peers = Object.entries(config.iax2?.peers ?? {});
  const tellers = peers.filter(([, { register }]) => register !== undefined).map(([name]) => name);
  const trunks = Object.keys(config.sip?.trunks ?? {});
  const check = (path: Path, mailbox: string | undefined) => {
    if (mailbox === undefined || tellers.includes(mailbox)) return;
    report([...path, 'mailbox'], `${quoted(mailbox)} is no IAX2 peer that we register at${oneOf(tellers)}`);
  };
  const checkTelephone = (path: Path, mailbox: string | undefined, severity: 'error' | 'warning') => {
    const keeper = mailbox === undefined ? undefined : parseMailbox(mailbox).keeper;
    if (keeper === undefined || trunks.includes(keeper) || tellers.includes(keeper)) return;
    const allowed = oneOf([...tellers, ...trunks]);
    report(
      [...path, 'mailbox'],
      `${quoted(keeper)} is no IAX2 peer that we register at, and no SIP trunk${allowed}`,
      severity,
    );
  };
  for (const [index, { mailbox }] of (config.hat?.lines ?? []).entries())
    checkTelephone(['hat', 'lines', index], mailbox, 'error');
  for (const [name, { mailbox, host }] of peers) {
    const path: Path = ['iax2', 'peers', name];
    check(path, mailbox);
    if (mailbox !== undefined && host !== 'dynamic')
      report([...path, 'mailbox'], 'mailbox is told to peers that register here: it needs host: dynamic', 'warning');
  }
  // It may stand in configurations that were written for other switches; the lamp stays dark.
  for (const [user, { mailbox }] of Object.entries(config.sip?.phones ?? {}))
    checkTelephone(['sip', 'phones', user], mailbox, 'warning');
}

function checkSip(config: ConfigurationInput, report: Report): void {
  for (const [key, action] of Object.entries(config.hat?.keypad ?? {}))
    if (action === 'adopt' && config.sip?.adopt === undefined)
      report(
        ['hat', 'keypad', key],
        'the key action adopt needs sip.adopt; without it the key does nothing',
        'warning',
      );
  for (const [index, { transport }] of (config.sip?.listen ?? []).entries())
    if (transport === 'tls' && (config.sip?.tls?.cert === undefined || config.sip.tls.key === undefined))
      report(['sip', 'listen', index], 'tls:// is served with sip.tls.cert and sip.tls.key only', 'warning');
  const servesTls = config.sip?.listen.some(({ transport }) => transport === 'tls') === true;
  const checkSrtp = (path: Path, srtp: string, isOverTls: boolean, missing: string) => {
    if (srtp === 'off' || isOverTls) return;
    const message = `srtp needs TLS, and ${missing}; its calls are ${srtp === 'required' ? 'refused' : 'in the clear'}`;
    report([...path, 'srtp'], message, srtp === 'required' ? 'error' : 'warning');
  };
  for (const [user, phone] of Object.entries(config.sip?.phones ?? {})) {
    const path: Path = ['sip', 'phones', user];
    checkSrtp(path, phone.srtp, servesTls, 'sip.listen has no tls://');
    if (phone.certificate !== undefined && (!servesTls || config.sip?.tls?.clientCa === undefined))
      report(
        [...path, 'certificate'],
        'a certificate is asked for over tls:// in sip.listen with sip.tls.clientCa only; without them it could never register',
      );
    if (phone.secret === undefined && config.sip?.adopt === undefined)
      report(path, `${formatPath(path)} has no secret; it cannot register`, 'warning');
    if (phone.context === undefined)
      report(path, `${formatPath(path)} has no context; its calls are rejected`, 'warning');
  }
  for (const [name, trunk] of Object.entries(config.sip?.trunks ?? {})) {
    const path: Path = ['sip', 'trunks', name];
    checkSrtp(path, trunk.srtp, /^sips:|;transport=tls$/.test(trunk.registrar), 'registrar has no ;transport=tls');
    for (const other of [['sip', 'phones', name] as const, ['iax2', 'peers', name] as const]) {
      const taken = other[0] === 'sip' ? config.sip?.phones : config.iax2?.peers;
      if (taken !== undefined && Object.hasOwn(taken, name))
        report(path, `${quoted(name)} is already ${formatPath(other)}; each needs a name of its own`);
    }
    if (trunk.context !== undefined && trunk.registrar.startsWith('sip:'))
      report(
        [...path, 'context'],
        `${formatPath(path)} is known by its address alone: whoever can send from there may call into ${trunk.context}`,
        'warning',
      );
  }
}

/** The ways out that emergency calls may take. */
function checkWays(config: ConfigurationInput, report: Report): void {
  for (const [index, way] of (config.emergency?.via ?? []).entries()) {
    const fault = unknownTarget(config, way.channel) ?? whyNoWayOut(config, way.channel);
    if (fault !== undefined) report(['emergency', 'via', index], fault);
  }
}

function checkFeatures(config: ConfigurationInput, report: Report): void {
  const { contexts, ...codes } = config.features ?? { contexts: [] };
  if (contexts.length === 0 && Object.keys(codes).length > 0)
    report(['features'], 'features.contexts is missing or empty: the codes can be dialled nowhere', 'warning');
  const taken = new Map<string, string>();
  for (const [feature, code] of Object.entries(codes)) {
    const other = taken.get(code);
    if (other !== undefined)
      report(['features', feature], `${quoted(code)} is already features.${other}; each code may have one meaning`);
    taken.set(code, feature);
  }
  checkSlots(config, report);
}

/** Numbers that the slots of `features.park` have, or would have if nothing else had them. */
function checkSlots({ features, hat, sip, groups, conferences }: ConfigurationInput, report: Report): void {
  if (features?.park === undefined) return;
  const { contexts: _, park, ...others } = features;
  const slots = new Set([...'0123456789'].map((slot) => `${park}${slot}`));
  const path: Path = ['features', 'park'];
  for (const [feature, code] of Object.entries(others))
    if (slots.has(code))
      report(
        path,
        `${quoted(code)} is features.${feature}, and a slot of ${quoted(park)}; each code may have one meaning`,
      );
  const numbers = [
    ...(hat?.lines ?? []).flatMap(({ extension }) => extension ?? []),
    ...Object.entries(sip?.phones ?? {}).map(([user, { extension }]) => extension ?? user),
    ...Object.keys(groups),
    ...Object.keys(conferences),
  ];
  for (const number of new Set(numbers))
    if (number === park || slots.has(number))
      report(
        path,
        `${quoted(number)} is an extension here, and ${quoted(park)} parks; take a code that no extension begins with`,
      );
}

function checkPorts(config: ConfigurationInput, report: Report): void {
  const rtp = config.net?.rtpPorts;
  const bind = config.iax2?.bind;
  if (rtp !== undefined && bind !== undefined && bind.port >= rtp.first && bind.port <= rtp.last) {
    report(['net', 'rtpPorts'], `the range includes port ${bind.port} of iax2.bind; choose another`);
  }
  for (const [index, { port, transport }] of (config.sip?.listen ?? []).entries())
    if (rtp !== undefined && transport === 'udp' && port >= rtp.first && port <= rtp.last)
      report(['net', 'rtpPorts'], `the range includes port ${port} of sip.listen[${index}]; choose another`);
}

function checkBroker(mqtt: NonNullable<ConfigurationInput['mqtt']>, report: Report): void {
  const { url, embedded } = mqtt;
  if (url === undefined && embedded === undefined) {
    report(['mqtt'], 'mqtt.url is missing; wanted: where the broker is, or mqtt.embedded for one in this appliance');
  }
  if (embedded === undefined) return;
  if (url !== undefined) report(['mqtt', 'embedded'], 'mqtt.url and mqtt.embedded exclude each other; leave out one');
  for (const key of ['username', 'password', 'tls'] as const) {
    if (mqtt[key] !== undefined)
      report(['mqtt', key], `mqtt.${key} belongs to mqtt.url; the embedded broker needs none`);
  }
  if (!isLoopback(embedded.listen.ip) && Object.keys(embedded.users).length === 0) {
    report(
      ['mqtt', 'embedded', 'listen'],
      'an address off loopback needs mqtt.embedded.users; without them only loopback is allowed',
    );
  }
}

function checkServices(config: ConfigurationInput, report: Report): void {
  const { mqtt, web } = config;
  if (mqtt !== undefined) checkBroker(mqtt, report);
  if (mqtt?.commands === 'signed' && mqtt.provisioning === undefined) {
    report(['mqtt', 'commands'], 'signed commands need mqtt.provisioning.publicKey, the key they are checked with');
  }
  if (mqtt?.password !== undefined && mqtt.username === undefined) {
    report(['mqtt', 'password'], 'a password needs mqtt.username');
  }
  if (web === undefined) return;
  const users = Object.keys(web.users).length > 0;
  if (web.tls !== undefined && !web.listen.secure)
    report(['web', 'tls'], 'certificates are for https://; with http:// leave web.tls out');
  for (const [half, other] of [['cert', 'key'] as const, ['key', 'cert'] as const])
    if (web.tls?.[half] !== undefined && web.tls[other] === undefined)
      report(['web', 'tls', half], `web.tls.${half} needs web.tls.${other}; they belong together`);
  if (web.auth === 'none' && users)
    report(['web', 'auth'], 'auth: none and users exclude each other; leave out one of them');
  if (isLoopback(web.listen.ip)) return;
  const listen: Path = ['web', 'listen'];
  if (!web.listen.secure)
    report(listen, `http:// is allowed on loopback only, such as http://127.0.0.1:${web.listen.port}`);
  else if (web.auth === 'none') report(['web', 'auth'], 'auth: none is allowed on loopback only; name users');
  else if (!users) report(listen, 'an address off loopback needs web.users; without them only loopback is allowed');
}

/** Why a target of Dial leads nowhere. A host that is no peer may be called all the same: it has a dot or a colon. */
export function unknownDialTarget(config: ConfigurationInput, target: DialTarget): string | undefined {
  if (target.technology !== 'LINE' && /[.:]/.test(target.peer)) return undefined;
  return unknownTarget(config, `${target.technology}/${target.peer}`);
}

/** Why `IAX2/name`, `SIP/name` or `LINE/n` leads nowhere; undefined if it exists. */
export function unknownTarget(config: ConfigurationInput, target: string): string | undefined {
  const [technology = '', name = ''] = target.split('/');
  if (technology === 'LINE') {
    const ports = (config.hat?.lines ?? []).map((line) => String(line.port));
    return ports.includes(name) ? undefined : `hat.lines has no port ${name}${oneOf(ports)}`;
  }
  if (technology === 'IAX2') {
    const peers = Object.keys(config.iax2?.peers ?? {});
    return peers.includes(name) ? undefined : `iax2.peers has no ${quoted(name)}${suggestion(name, peers)}`;
  }
  const names = [...Object.keys(config.sip?.trunks ?? {}), ...Object.keys(config.sip?.phones ?? {})];
  return names.includes(name)
    ? undefined
    : `sip.phones and sip.trunks have no ${quoted(name)}${suggestion(name, names)}`;
}

function suggestion(name: string, candidates: Iterable<string>): string {
  const all = [...candidates];
  const likely = closest(name, all);
  return likely === undefined ? oneOf(all) : `; did you mean ${quoted(likely)}?`;
}

function oneOf(candidates: readonly string[]): string {
  if (candidates.length === 0) return '; there is none';
  const each = [...new Set(candidates)];
  return `; allowed: ${each.slice(0, 12).join(', ')}${each.length > 12 ? ', …' : ''}`;
}
