import { ApplianceBox } from './appliance-box.ts';
import { ApplianceIax2 } from './appliance-iax2.ts';
import { ApplianceLines } from './appliance-lines.ts';
import { ApplianceNumbers } from './appliance-numbers.ts';
import type { ApplianceOptions } from './appliance-options.ts';
import type { ApplianceOutput } from './appliance-output.ts';
import type { BoxFacts } from './appliance-panel.ts';
import { ApplianceSip } from './appliance-sip.ts';
import { ApplianceTelephones } from './appliance-telephones.ts';
import type { Address } from './base/machine.ts';
import { StreamIds } from './base/media-port.ts';
import type { Environment } from './dialplan/environment.ts';
import { OpeningHours } from './dialplan/opening-hours.ts';
import { frameKind } from './iax2/frame-header.ts';
import type { CallTime } from './lines/caller-id-message.ts';
import type { DatagramSink } from './media/datagram-sink.ts';
import { MediaPlane, type Plane } from './media/plane.ts';
import { SplitPlane } from './media/split-plane.ts';
import { LOOP_BACKLOG_MS } from './media/standstill.ts';
import type { DialClassOf, LegDialler, Technology } from './switch/leg.ts';
import { Switch } from './switch/switch.ts';

/** With as many outputs to be polled, mini frames of pictures are dropped: more than one turn brings. */
const MAX_OUTPUTS_BEFORE_VIDEO = 1024;

/** The parts of an appliance, and what each of them may ask of the others. Whose output is whose input is not said here. */
export class ApplianceParts {
  readonly plane: Plane;
  /** The same where a worker has a part of it. */
  readonly splitPlane: SplitPlane | undefined;
  readonly sip: ApplianceSip | undefined;
  readonly switch: Switch;
  readonly iax2: ApplianceIax2;
  readonly lines: ApplianceLines;
  readonly box: ApplianceBox;
  readonly numbers: ApplianceNumbers;
  readonly telephones: ApplianceTelephones;
  /** What dialplans run in. */
  readonly environment: Environment;

  /** `emit`: something to be said to the world; `waiting`: how much of that has not been taken yet. */
  constructor(
    options: ApplianceOptions,
    emit: (output: ApplianceOutput) => void,
    waiting: () => number,
    nowMs: number,
  ) {
    const { crypto, random, clock, counters, log, profile } = options;
    const streams = new StreamIds();
    // Several inputs may come before what signalling sends is polled: mini frames must not be there before the full frame
    // that says their codec.
    const sendMedia: DatagramSink = (to, bytes, at, length) => {
      if (waiting() === 0 || frameKind(bytes.subarray(at, at + length)) !== 'video-mini')
        options.send(to, bytes, at, length);
      else if (waiting() < MAX_OUTPUTS_BEFORE_VIDEO)
        emit({ type: 'transmit', to, bytes: bytes.slice(at, at + length) });
      else counters.increment('media.video-waits-for-full');
    };
    const plane = {
      send: (to: Address, bytes: Uint8Array, at: number, length: number) =>
        this.iax2.sealMedia(sendMedia, to, bytes, at, length),
      ...(options.sendRtp === undefined ? {} : { sendRtp: options.sendRtp }),
      counters,
      crypto,
      backlogMs: LOOP_BACKLOG_MS,
    };
    const isSealed = (localCall: number) => this.iax2.endpoint.isSealed(localCall);
    const { mediaWorker, rtpLender } = options;
    this.splitPlane =
      mediaWorker === undefined
        ? undefined
        : new SplitPlane({
            ...{ ...plane, isSealed, worker: mediaWorker },
            ...(rtpLender === undefined ? {} : { rtpPorts: rtpLender }),
          });
    this.plane = this.splitPlane ?? new MediaPlane(plane);
    const wallClock = () => clock.nowMs();
    this.numbers = new ApplianceNumbers(options, clock);
    const { lookUp, mustGoThrough } = this.numbers;
    const dialClassOf: DialClassOf = (channel) => this.telephones.dialClassOf(channel);
    const shared = { crypto, random, counters, log, wallClock, streams, media: this.plane };
    const around = { ...shared, mustGoThrough, dialClassOf };
    const utcOffsetMs = (epochMs: number) => (clock.utcOffsetMinutes(epochMs) ?? 0) * 60_000;
    this.iax2 = new ApplianceIax2({ ...around, peers: options.peers, utcOffsetMs }, () => this.numbers.dialplan);
    const localTime = () => timeOfDay(clock.nowMs() + utcOffsetMs(clock.nowMs()));
    const { lines, townLines } = options;
    const copper = { lines, ...(townLines === undefined ? {} : { townLines }), profile, lookUp, localTime };
    this.lines = new ApplianceLines({ ...copper, media: this.plane, streams, wallClock, dialClassOf }, nowMs);
    const diallers = new Map<Technology, LegDialler>([
      ['iax2', this.iax2.legs],
      ['line', this.lines.legs],
    ]);
    if (options.sip !== undefined) {
      this.sip = new ApplianceSip(options.sip, around, nowMs);
      diallers.set('sip', this.sip.legs);
    }
    this.telephones = new ApplianceTelephones(options, this.lines, this.sip);
    this.box = new ApplianceBox({
      keypad: options.keypad ?? {},
      ...(options.hours === undefined ? {} : { hours: new OpeningHours(options.hours, clock) }),
      law: profile.law,
      about: options.about,
      streams,
      lines: this.lines,
      sip: this.sip,
      facts: () => this.boxFacts(options.about?.isEarlierRelease === true),
      calls: () => ({ count: this.switch.size, hasEmergency: this.switch.views().some((view) => view.emergency) }),
      emit,
    });
    this.environment = this.environmentOf(options);
    this.switch = new Switch({
      dialplan: options.dialplan,
      environment: this.environment,
      media: this.plane,
      streams,
      diallers,
      tones: profile.tones,
      emergency: options.emergency,
      numbering: options.numbering,
      telephones: { settingsOf: (channel) => this.telephones.settingsOf(channel), lookUp },
      ...(options.conferences === undefined ? {} : { conferences: options.conferences }),
      others: { ask: (peer, number, atMs) => this.iax2.ask(peer, number, atMs) },
      wallClock,
      log,
    });
  }

  private boxFacts(isEarlierRelease: boolean): BoxFacts {
    const trunks = [...this.iax2.endpoint.peerStatuses, ...(this.sip?.endpoint.trunkStatuses ?? [])];
    const registrations = trunks.flatMap(({ registration }) => registration ?? []);
    const isReached = registrations.some(({ state }) => state === 'registered');
    return {
      isCentreReached: registrations.length === 0 ? undefined : isReached,
      hasCalls: this.switch.size > 0,
      hasFault: this.lines.faulty.length > 0 || this.lines.hasWireFault,
      isEarlierRelease,
      isAdopting: this.sip?.adoptionEndsMs !== undefined,
    };
  }

  private environmentOf({ clock, random, log }: ApplianceOptions): Environment {
    return {
      clock,
      random,
      globals: new Map(),
      database: new Map(),
      devices: (number) => this.telephones.devices(number),
      deviceState: (device) => this.telephones.deviceState(device),
      night: () => this.box.isNight,
      log: (level, message) => log(level, 'dialplan', message),
    };
  }
}

/** @param localMs - Ms since 1970 on the clock of the office. */
function timeOfDay(localMs: number): CallTime {
  const date = new Date(localMs);
  return {
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}
