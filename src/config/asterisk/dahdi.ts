import type { Draft, DraftLine } from './draft.ts';
import { NOT_HERE } from './not-here.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import { applySettings, type SettingRules } from './settings.ts';
import { type CallerName, isYes, parseCallerId } from './values.ts';

/** The jacks of the HAT. */
const PORTS = 8;
/** Where the HAT is on a Raspberry Pi. */
const SERIAL_PORT = '/dev/ttyAMA0';
/** A range of more channels than any machine has is a slip. */
const MOST_CHANNELS = 1000;

/** What was said so far: it holds for every `channel` below. */
interface Position {
  signalling: Entry | undefined;
  context: Entry | undefined;
  caller: CallerName;
  groups: number[];
  callWaiting: boolean;
  showsCaller: boolean;
  callerIdKind: DraftLine['callerId'] | undefined;
}

interface Channel extends Position {
  readonly number: number;
  readonly kind: 'fxs' | 'fxo';
  readonly place: Entry;
}

const NO_DIGITAL = 'there is no ISDN and no SS7; a gateway between them and SIP is a trunk of `sip.trunks`';
const DIGITAL =
  'switchtype spanmap trunkgroup msn service_message_support pricpndialplan internationalprefix nationalprefix localprefix privateprefix ' +
  'unknownprefix force_restart_unavailable_chans inband_on_setup_ack inband_on_proceeding display_send display_receive mcid_send ' +
  'datetime_send colp_send inbanddisconnect hold_disconnect_transfer priexclusive qsigchannelmapping discardremoteholdretrieval ' +
  'cc_ptmp_recall_mode cc_qsig_signaling_link_req cc_qsig_signaling_link_rsp aoc_enable aoce_delayhangup outsignalling defaultozz ' +
  'defaultcic max_call_waiting_calls allow_call_waiting_calls mwi_mailboxes mwi_vm_boxes mwi_vm_numbers append_msn_to_cid_tag ' +
  'moh_signaling moh_signalling reportalarms linkset slc pointcode adjpointcode defaultdpc cicbeginswith networkindicator sigchan ' +
  'inr_if_no_calling non_isdn_access sls_shift cause_location ss7type layer1_presence layer2_persistence';

const LOST = {
  mailbox: NOT_HERE.mailbox,
  callgroup: NOT_HERE.groups,
  pickupgroup: NOT_HERE.groups,
  namedcallgroup: NOT_HERE.groups,
  namedpickupgroup: NOT_HERE.groups,
  immediate: 'a handset that calls by itself when it is lifted has `hotline: "number"`',
  hidecallerid: 'write Set(CALLERID(pres)=prohib) into the dialplan',
  setvar: NOT_HERE.variable,
  accountcode: NOT_HERE.account,
  language: NOT_HERE.language,
  tonezone: NOT_HERE.tones,
  mohinterpret: NOT_HERE.music,
  musicclass: NOT_HERE.music,
  mohsuggest: NOT_HERE.music,
  parkinglot: NOT_HERE.parkingLot,
  rxgain: NOT_HERE.levels,
  txgain: NOT_HERE.levels,
  cid_rxgain: NOT_HERE.levels,
  hwrxgain: NOT_HERE.levels,
  hwtxgain: NOT_HERE.levels,
  ...Object.fromEntries(DIGITAL.split(' ').map((name) => [name, NO_DIGITAL])),
  usedistinctiveringdetection: 'rings of a town line are not told apart',
  mwimonitor: 'messages are told by a SIP trunk or an IAX2 peer: `mailbox` of the line',
  faxdetect: 'write `fax: true` at the line of a fax machine',
  cadence: 'four rings are told apart by Dial(LINE/1r2), whatever their cadence',
  dialmode: 'telephones dial by tones and by pulses, town lines by tones',
} as const;

const ALWAYS =
  'echocancel echocancelwhenbridged echotraining busydetect busycount busypattern callprogress answeronpolarityswitch ' +
  'hanguponpolarityswitch polarityonanswerdelay threewaycalling threewaysilenthold transfer canpark cancallforward callreturn lastnumredial ' +
  'relaxdtmf pulsedial usecallingpres callwaitingcallerid callwaitingdeluxe transfertobusy toneduration jitterbuffers jbenable jbforce ' +
  'jbmaxsize jbimpl jblog jbresyncthreshold jbtargetextra buffers faxbuffers sendcalleridafter cidstart adsi usesmdi smdiport amaflags ' +
  'immediatering waitfordialtone dialtone_detect faxdetect_timeout firstdigit_timeout interdigit_timeout matchdigit_timeout ' +
  'distinctiveringaftercid restrictcid stripmsd calledsubscriberheld ignore_failed_channels ringtimeout prewink preflash wink flash start ' +
  'rxwink rxflash debounce mwilevel mwisendtype mwimonitornotify cid_tag description autoreoriginate overlapdial pridialplan ' +
  'prilocaldialplan priindication resetinterval idledial idleext minunused minidle facilityenable pritimer nsf hidecalleridname ' +
  'progzone useincomingcalleridondahditransfer txdrc rxdrc';

/** Lines of chan_dahdi.conf, or of zapata.conf as it was called before: what stands above a `channel` holds for it. */
export function importDahdi(sections: readonly Section[], draft: Draft): void {
  const { remarks } = draft;
  const channels: Channel[] = [];
  const base = position();
  for (const section of sections.filter(({ name }) => name.toLowerCase() === 'channels'))
    readChannels(entriesOf(section), base, channels, draft);
  for (const section of sections) {
    if (section.isTemplate || /^(?:channels|general|globals)$/i.test(section.name)) continue;
    const entries = entriesOf(section);
    const own = entries.filter(({ key }) => /^dahdichan$/i.test(key));
    const others = entries.filter((entry) => !own.includes(entry));
    if (own.length > 0) readChannels([...others, ...own], { ...base }, channels, draft);
    else if (others.length > 0) remarks.lost(section, `[${section.name}]: ${NO_DIGITAL}`);
  }
  addLines(channels, draft);
}

function position(): Position {
  return {
    signalling: undefined,
    context: undefined,
    caller: { name: undefined, number: undefined },
    groups: [],
    callWaiting: true,
    showsCaller: true,
    callerIdKind: undefined,
  };
}

function readChannels(entries: readonly Entry[], at: Position, channels: Channel[], draft: Draft): void {
  const { remarks } = draft;
  const signalling = (target: Position, entry: Entry) => {
    target.signalling = entry;
  };
  const channel = (target: Position, entry: Entry) => {
    const kind = kindOf(target.signalling?.value);
    if (kind === undefined) {
      const said = target.signalling === undefined ? 'no signalling' : `signalling ${target.signalling.value}`;
      remarks.lost(
        entry,
        `channels ${entry.value} have ${said}; lines are analogue, fxo_ks for a telephone, fxs_ks for a town line`,
      );
      return;
    }
    const numbers = channelNumbers(entry.value);
    if (numbers === undefined) remarks.lost(entry, `'${entry.value}' names no channels, such as 1-4,7`);
    for (const number of numbers ?? []) channels.push({ ...target, number, kind, place: entry });
  };
  const rules: SettingRules<Position> = {
    carried: {
      signalling,
      signaling: signalling,
      context: (target, entry) => {
        target.context = entry;
      },
      callerid: (target, { value }) => {
        target.caller = /^asreceived$/i.test(value) ? position().caller : parseCallerId(value);
      },
      fullname: (target, { value }) => {
        target.caller = { ...target.caller, name: value === '' ? undefined : value };
      },
      cid_number: (target, { value }) => {
        target.caller = { ...target.caller, number: parseCallerId(value).number };
      },
      group: (target, { value }) => {
        target.groups = channelNumbers(value) ?? [];
      },
      callwaiting: (target, { value }) => {
        target.callWaiting = isYes(value);
      },
      usecallerid: (target, { value }) => {
        target.showsCaller = isYes(value);
      },
      cidsignalling: (target, { value }) => {
        const kinds = { bell: 'bellcore', dtmf: 'dtmf', v23: undefined, v23_jp: 'ntt' } as const;
        target.callerIdKind = kinds[value.toLowerCase() as keyof typeof kinds];
      },
      channel,
      channels: channel,
      dahdichan: channel,
      immediate: (_, entry) => {
        if (isYes(entry.value)) remarks.lost(entry, `immediate: ${LOST.immediate}`);
      },
      hidecallerid: (_, entry) => {
        if (isYes(entry.value)) remarks.lost(entry, `hidecallerid: ${LOST.hidecallerid}`);
      },
      ...Object.fromEntries(
        (
          [
            'rxgain',
            'txgain',
            'cid_rxgain',
            'hwrxgain',
            'hwtxgain',
            'faxdetect',
            'mwimonitor',
            'usedistinctiveringdetection',
          ] as const
        ).map((key) => [
          key,
          // Samples have them everywhere, switched off.
          (_: Position, entry: Entry) => {
            if (!/^(?:0(?:\.0)?|no|disabled)$/i.test(entry.value)) remarks.lost(entry, `${key}: ${LOST[key]}`);
          },
        ]),
      ),
    },
    lost: LOST,
    needless: `${ALWAYS} dtmfcidlevel ani_info_digits ani_wink_time ani_timeout`,
  };
  applySettings(at, entries, rules, remarks);
}

/** An FXS port is signalled as an exchange signals, which DAHDI calls `fxo`; and the other way round. */
function kindOf(signalling: string | undefined): 'fxs' | 'fxo' | undefined {
  if (/^fxo_[klg]s$/i.test(signalling ?? '')) return 'fxs';
  return /^fxs_[klg]s$/i.test(signalling ?? '') ? 'fxo' : undefined;
}

/** `1-4,7` */
function channelNumbers(text: string): number[] | undefined {
  const numbers: number[] = [];
  for (const part of text.split(',')) {
    const [, first = '', last = first] = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(part) ?? [];
    if (first === '') return undefined;
    const [from, to] = [Number(first), Number(last)].sort((a, b) => a - b) as [number, number];
    for (let number = from; number <= to && numbers.length < MOST_CHANNELS; number++) numbers.push(number);
  }
  return numbers;
}

function addLines(channels: readonly Channel[], draft: Draft): void {
  // The last to name a channel counts.
  const byNumber = new Map<number, Channel>();
  for (const channel of channels) byNumber.set(channel.number, channel);
  const all = [...byNumber.values()].sort((a, b) => a.number - b.number);
  const first = all[0];
  if (first === undefined) return;
  const isSame = all.every(({ number }) => number <= PORTS);
  const lines: DraftLine[] = [];
  for (const channel of all) {
    const port = isSame ? channel.number : lines.length + 1;
    if (port > PORTS) {
      draft.remarks.lost(
        channel.place,
        `channel ${channel.number}: the HAT has ${PORTS} lines; another box has room for it`,
      );
      continue;
    }
    if (port !== channel.number) draft.remarks.changed(channel.place, `channel ${channel.number} is line ${port} here`);
    draft.from(['hat', 'lines', lines.length], channel.place);
    lines.push(lineOf(channel, port, draft));
    draft.channels.ports.set(channel.number, { port, kind: channel.kind });
    for (const group of channel.groups)
      draft.channels.groups.set(group, [...(draft.channels.groups.get(group) ?? []), port]);
  }
  draft.document.hat = { port: SERIAL_PORT, lines };
  draft.from(['hat'], first.place);
  draft.remarks.changed(
    first.place,
    `the lines are those of the HAT at ${SERIAL_PORT}; \`port: emulator\` tries them without one`,
  );
}

function lineOf(channel: Channel, port: number, draft: Draft): DraftLine {
  const { kind, caller, context, place, callWaiting, showsCaller, callerIdKind } = channel;
  const line: DraftLine = { port, kind };
  if (caller.name !== undefined) line.name = caller.name;
  if (kind === 'fxs' && caller.number !== undefined) draft.callerNumbers.set(`LINE/${port}`, caller.number);
  // What is not said is `default`, as in Asterisk.
  const entered = draft.context(context?.value ?? 'default', context ?? place, `line ${port}`);
  if (entered !== undefined) line.context = entered;
  if (kind === 'fxo') return line;
  if (!callWaiting) line.callWaiting = false;
  if (!showsCaller) line.callerId = 'none';
  else if (callerIdKind !== undefined) line.callerId = callerIdKind;
  return line;
}
