import type { HatEvent } from '../firmware-bridge/hat-client.ts';
import { whyLost } from '../firmware-bridge/lost-hat.ts';
import { Announcer, adoptSentences, type SpokenStatus, STATUS_NUMBER } from './appliance-announcer.ts';
import { LineLights } from './appliance-lights.ts';
import type { ApplianceLines } from './appliance-lines.ts';
import { type ApplianceOutput, happened } from './appliance-output.ts';
import { type BoxFacts, BoxPanel, type BoxPanelOptions } from './appliance-panel.ts';
import type { ApplianceSip } from './appliance-sip.ts';
import { earliest } from './base/machine.ts';
import type { Law, StreamIds } from './base/media-port.ts';
import type { OpeningHours } from './dialplan/opening-hours.ts';
import type { Leg, LegEvent } from './switch/leg.ts';

/** What is said of this program and machine when somebody asks. */
export interface About {
  readonly version: string;
  readonly addresses: () => readonly string[];
  /** A release that was kept did not come up any longer, and an earlier one runs in its place. */
  readonly isEarlierRelease?: boolean;
}

export interface BoxOptions extends BoxPanelOptions {
  readonly law: Law;
  readonly about: About | undefined;
  readonly streams: StreamIds;
  readonly lines: ApplianceLines;
  readonly sip: ApplianceSip | undefined;
  readonly facts: () => BoxFacts;
  readonly calls: () => { readonly count: number; readonly hasEmergency: boolean };
  readonly emit: (output: ApplianceOutput) => void;
}

const NOTHING_KNOWN: About = { version: '', addresses: () => [] };

/** The box as staff have it before them: its keys, its LEDs, and the voice on its first line that says how it is. */
export class ApplianceBox {
  private readonly panel: BoxPanel;
  private readonly lights: LineLights;
  private readonly announcer: Announcer;
  /** Its LEDs are told of only while it is there. */
  private hat: 'none' | 'there' | 'lost' = 'none';
  private lightsDue = false;

  constructor(private readonly options: BoxOptions) {
    this.panel = new BoxPanel(options);
    this.lights = new LineLights(this.panel);
    this.announcer = new Announcer(options.law, () => this.spokenStatus());
  }

  get isNight(): boolean {
    return this.panel.night.isNight;
  }

  /** Other opening hours. */
  setHours(hours: OpeningHours | undefined, nowMs: number): void {
    this.panel.night.setHours(hours, nowMs);
    this.showLights();
  }

  /** Night service as the key said before a restart. */
  resumeNight(said: boolean, nowMs: number): void {
    this.panel.night.resume(said, nowMs);
  }

  /** Every LED blinks white for so long, to tell this box from others. */
  identify(durationMs: number, nowMs: number): void {
    this.panel.identify(durationMs, nowMs);
  }

  handleHat(event: HatEvent, nowMs: number): void {
    const { emit } = this.options;
    if (event.type === 'hello') {
      this.panel.releaseKeys();
      this.lights.clear();
      this.showLights();
      if (this.hat === 'lost')
        emit(happened('fault', 'hat-back', 'info', 'The HAT answers again.', { board: event.board }));
      this.hat = 'there';
    } else if (event.type === 'lost') {
      const { reason } = event;
      this.hat = 'lost';
      const message = `${whyLost(reason)} Its lines are out of service.`;
      emit(happened('fault', reason === 'hung' ? 'hat-hung' : 'hat-lost', 'error', message, { reason }));
    } else if (event.type === 'key') this.panel.handleKey(event.key, event.action, nowMs);
  }

  /** What a leg says that is spoken to; false if it is none of them. */
  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): boolean {
    if (!this.announcer.handles(leg)) return false;
    this.announcer.handleLegEvent(leg, event, nowMs);
    return true;
  }

  /** Answers a caller who asks how the box is. */
  answer(leg: Leg, nowMs: number): void {
    this.announcer.answer(leg, nowMs);
  }

  /** Lays what is said over what the handset of a line hears. */
  fill(port: number, down: Uint8Array): void {
    this.announcer.fill(port, down);
  }

  /** Something has happened that LEDs may show. */
  showLights(): void {
    this.lightsDue = true;
  }

  /** Shows what they are to show by all that has happened, once for however much that was. */
  settleLights(): void {
    if (!this.lightsDue || this.hat !== 'there') return;
    this.lightsDue = false;
    const { lines, facts, calls, emit } = this.options;
    for (const [led, light] of this.lights.changes(lines.views, facts(), calls().hasEmergency))
      emit({ type: 'hat', command: { type: 'led', led, light } });
  }

  handleTimeout(nowMs: number): void {
    this.panel.handleTimeout(nowMs);
    this.announcer.handleTimeout(nowMs);
  }

  nextDeadline(): number | undefined {
    return earliest(this.panel.nextDeadline(), this.announcer.nextDeadline());
  }

  /** Does what one key asked for; false if none did. */
  settle(nowMs: number): boolean {
    const output = this.panel.poll();
    if (output === undefined) return false;
    const { emit } = this.options;
    if (output.type === 'tell') emit(happened('keypad', output.what, 'info', output.message, { key: output.key }));
    else if (output.type === 'lights') this.showLights();
    else if (output.type === 'speak') this.speak('Status', nowMs);
    else if (output.type === 'adopt') this.toggleAdoption(nowMs);
    else if (output.type === 'night') emit(output);
    else emit({ type: 'box', action: output.type });
    return true;
  }

  /** Rings the first line to say something, how the box is unless told what; a line that is in use is left alone. */
  private speak(name: string, nowMs: number, sentences?: ReturnType<typeof adoptSentences>): void {
    const { lines, streams } = this.options;
    const { firstPort: port } = lines;
    if (port === undefined) return;
    const caller = { number: STATUS_NUMBER, name };
    const request = { technology: 'line', resource: String(port), caller, stream: streams.next() } as const;
    const leg = lines.legs.dial(request, nowMs);
    this.announcer.ring(leg, nowMs, sentences === undefined ? undefined : () => sentences);
  }

  /** The key for it opens adopt mode, and closes it again; what the phone must prove is said on the first line. */
  private toggleAdoption(nowMs: number): void {
    const { sip, emit } = this.options;
    if (sip === undefined || sip.closeAdoption()) return;
    const opened = sip.openAdoption(nowMs);
    if ('failed' in opened) emit(happened('keypad', 'adopt-refused', 'warn', `Adopt mode: ${opened.failed}.`, {}));
    else this.speak('New phone', nowMs, adoptSentences(opened.secret));
  }

  private spokenStatus(): SpokenStatus {
    const { about = NOTHING_KNOWN, facts, lines, calls } = this.options;
    return {
      version: about.version,
      addresses: about.addresses(),
      isCentreReached: facts().isCentreReached,
      isNight: this.isNight,
      calls: calls().count,
      offHook: lines.faulty,
    };
  }
}
