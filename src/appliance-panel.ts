import { DARK, type KeyAction, type Light } from '../firmware-bridge/hat-client.ts';
import { NightService } from './appliance-night.ts';
import { earliest, type Machine } from './base/machine.ts';
import { Queue } from './base/queue.ts';
import { Timers } from './base/timers.ts';
import type { OpeningHours } from './dialplan/opening-hours.ts';

/** What a key of the box does, as the configuration says it. */
export type BoxAction = 'status' | 'night-mode' | 'identify' | 'adopt' | 'restart' | 'factory-reset';

export interface BoxPanelOptions {
  /** By the legend of the key. */
  readonly keypad: Readonly<Record<string, BoxAction>>;
  readonly hours?: OpeningHours;
}

/** What the four LEDs tell for a while when somebody asks. */
export interface BoxFacts {
  /** Undefined where the branch has no centre. */
  readonly isCentreReached: boolean | undefined;
  readonly hasCalls: boolean;
  readonly hasFault: boolean;
  /** A release that was kept did not come up any longer, and an earlier one runs in its place. */
  readonly isEarlierRelease: boolean;
  /** Adopt mode is open. */
  readonly isAdopting: boolean;
}

export type BoxPanelOutput =
  /** Something to be told on MQTT and in the log. */
  | { readonly type: 'tell'; readonly what: string; readonly message: string; readonly key: string }
  /** What the night key says from now on, to be kept across restarts; null: nothing. */
  | { readonly type: 'night'; readonly override: boolean | null }
  /** The LEDs show something else now. */
  | { readonly type: 'lights' }
  /** The status is to be spoken on the first line. */
  | { readonly type: 'speak' }
  /** Adopt mode is to be opened, or closed where it is open. */
  | { readonly type: 'adopt' }
  | { readonly type: 'restart' }
  | { readonly type: 'factory-reset' };

/** `identify`: it is this one. */
const HERE: Light = { colour: 'white', onMs: 250, offMs: 250 };
/** The next hold of the key wipes what was learned. */
const ARMED: Light = { colour: 'red', onMs: 100, offMs: 100 };
/** A phone may come in that nobody has entered. */
const ADOPTING: Light = { colour: 'blue', onMs: 500, offMs: 500 };
const GREEN: Light = { colour: 'green', onMs: 1_000, offMs: 0 };
const AMBER: Light = { colour: 'amber', onMs: 1_000, offMs: 0 };
const RED: Light = { colour: 'red', onMs: 1_000, offMs: 0 };
const BLUE: Light = { colour: 'blue', onMs: 1_000, offMs: 0 };
const WHITE: Light = { colour: 'white', onMs: 1_000, offMs: 0 };

const IDENTIFY_MS = 30_000;
const SHOWN_MS = 8_000;
const ARMED_MS = 10_000;

/**
 * Keypad and LEDs of the box. `status`, `night-mode` and `identify` are done when their key goes down; `restart` and `adopt`
 * when it is held for a second; `factory-reset` when it is held twice within ten seconds, with every LED flashing red
 * between. While adopt mode is open every LED blinks blue, unless something else was asked for.
 */
export class BoxPanel implements Machine<BoxPanelOutput> {
  readonly night: NightService;
  private readonly down = new Set<string>();
  private readonly timers = new Timers<'identify' | 'status' | 'armed'>();
  private readonly outputs = new Queue<BoxPanelOutput>();
  private shows: 'lines' | 'here' | 'status' | 'armed' = 'lines';

  constructor(private readonly options: BoxPanelOptions) {
    this.night = new NightService(options.hours);
  }

  poll(): BoxPanelOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return earliest(this.timers.next(), this.night.nextDeadline());
  }

  handleTimeout(nowMs: number): void {
    const { override } = this.night;
    this.night.handleTimeout(nowMs);
    if (override !== this.night.override) this.outputs.push({ type: 'night', override: this.night.override });
    for (const _ of this.timers.due(nowMs)) this.show('lines');
  }

  handleKey(key: string, how: KeyAction, nowMs: number): void {
    if (how === 'up') {
      this.down.delete(key);
      return;
    }
    const action = this.options.keypad[key];
    if (how === 'down') {
      this.down.add(key);
      this.tell('key-pressed', `The key ${key} was pressed.`, key);
      this.press(action, key, nowMs);
    } else {
      this.tell('key-held', `The key ${key} was held.`, key);
      // A palm on the keypad is no order.
      if ([...this.down].every((one) => one === key)) this.hold(action, key, nowMs);
    }
  }

  /** The keypad has begun anew: of keys that were down it will not tell that they are up. */
  releaseKeys(): void {
    this.down.clear();
  }

  /** Every LED blinks white for so long, to tell this box from others. */
  identify(durationMs: number, nowMs: number): void {
    this.show('here');
    this.timers.set('identify', nowMs + durationMs);
  }

  /** What the LED beside a socket shows in place of its line; undefined for its line. */
  light(port: number, facts: BoxFacts): Light | undefined {
    if (this.shows === 'here') return HERE;
    if (this.shows === 'armed') return ARMED;
    if (this.shows === 'lines') return facts.isAdopting ? ADOPTING : undefined;
    const { isCentreReached, hasCalls, hasFault, isEarlierRelease } = facts;
    if (port === 1) return isCentreReached === undefined ? DARK : isCentreReached ? GREEN : AMBER;
    if (port === 2) return hasCalls ? WHITE : DARK;
    if (port === 3) return this.night.isNight ? BLUE : DARK;
    return hasFault ? RED : isEarlierRelease ? AMBER : GREEN;
  }

  private press(action: BoxAction | undefined, key: string, nowMs: number): void {
    switch (action) {
      case 'status':
        this.show('status');
        this.timers.set('status', nowMs + SHOWN_MS);
        this.outputs.push({ type: 'speak' });
        break;
      case 'night-mode': {
        const night = this.night.toggle(nowMs);
        this.outputs.push({ type: 'night', override: this.night.override });
        this.tell(night ? 'night-on' : 'night-off', `Night service is ${night ? 'on' : 'off'}.`, key);
        // Shown on the third LED, so that whoever pressed the key sees what it did.
        this.show('status');
        this.timers.set('status', nowMs + SHOWN_MS);
        break;
      }
      case 'identify':
        this.identify(IDENTIFY_MS, nowMs);
        break;
    }
  }

  private hold(action: BoxAction | undefined, key: string, nowMs: number): void {
    if (action === 'adopt') this.outputs.push({ type: 'adopt' });
    else if (action === 'restart') {
      this.tell('restart', 'A restart was asked for on the keypad.', key);
      this.outputs.push({ type: 'restart' });
    } else if (action === 'factory-reset' && this.shows === 'armed') {
      this.show('lines');
      this.tell('factory-reset', 'A factory reset was asked for and confirmed on the keypad.', key);
      this.outputs.push({ type: 'factory-reset' });
    } else if (action === 'factory-reset') {
      this.show('armed');
      this.timers.set('armed', nowMs + ARMED_MS);
      this.tell(
        'factory-reset-asked',
        'A factory reset was asked for on the keypad; holding the key again does it.',
        key,
      );
    }
  }

  private show(what: typeof this.shows): void {
    this.timers.clearAll();
    this.shows = what;
    this.outputs.push({ type: 'lights' });
  }

  private tell(what: string, message: string, key: string): void {
    this.outputs.push({ type: 'tell', what, message, key });
  }
}
