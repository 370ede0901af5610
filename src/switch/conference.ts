import type { MediaPort, Source, StreamId, StreamIds } from '../base/media-port.ts';
import { parseTonePattern, type TonePattern } from '../base/tone-pattern.ts';

/** How a room is run. */
export interface RoomSettings {
  /** Whether these digits are the PIN; undefined: there is none. */
  readonly isPin: ((digits: string) => boolean) | undefined;
  /** Whether they are the leader's. */
  readonly isLeaderPin: ((digits: string) => boolean) | undefined;
  readonly maxMembers: number;
  /** Nobody hears anybody before a leader is there. */
  readonly waitForLeader: boolean;
  /** A sound tells that somebody comes or goes. */
  readonly announce: boolean;
  readonly record: boolean;
}

/** A room that the dialplan names and nobody has configured. */
export const AD_HOC_ROOM: RoomSettings = {
  isPin: undefined,
  isLeaderPin: undefined,
  maxMembers: 128,
  waitForLeader: false,
  announce: true,
  record: false,
};

/** Somebody in a room, as the room sees it. */
export interface Attendee {
  readonly channel: string;
  isLeader: boolean;
  readonly isMuted: boolean;
  /** Comes and goes without a sound. */
  readonly isQuiet: boolean;
  /** Is not in the conversation before a leader is. */
  readonly waits: boolean;
  /** Another place: in the conversation, or waiting for it. */
  settle(nowMs: number): void;
  /** Must go: it was sent away, or the leader has left. */
  expel(why: 'KICKED' | 'ENDMARKED', nowMs: number): void;
  /** Whether the end of the leader's presence is the end of its own. */
  readonly goesWithLeader: boolean;
}

export interface ConferenceView {
  readonly number: string;
  readonly members: readonly { readonly channel: string; readonly leader: boolean; readonly muted: boolean }[];
  readonly locked: boolean;
  readonly recording: boolean;
  /** When the first one came; monotonic ms. */
  readonly sinceMs: number;
}

const sound = (text: string): TonePattern => parseTonePattern(text)!;

/** Rising for what begins, falling for what ends. */
const SOUNDS = {
  entered: sound('!440/120,!660/120'),
  left: sound('!660/120,!440/120'),
  locked: sound('!660/80,!0/60,!660/80,!0/60,!440/160'),
  unlocked: sound('!440/80,!0/60,!440/80,!0/60,!660/160'),
  recording: sound('!1400/400'),
  stopped: sound('!1400/120,!0/60,!1000/120'),
};

/** Who waits for the leader knows by this that the line is not dead. */
const WAITING: Source = { kind: 'tone', pattern: sound('425/80,0/4920'), dbm0: -25 };

/** Of how many rooms the numbers are known: enough for those that can be open at a time. */
const KEPT_NUMBERS = 1024;

/** One room while anybody is in it. */
export class Conference {
  readonly attendees: Attendee[] = [];
  locked = false;
  recording = false;

  constructor(
    readonly number: string,
    readonly id: StreamId,
    readonly settings: RoomSettings,
    private readonly media: MediaPort,
    private readonly sinceMs: number,
  ) {}

  get hasLeader(): boolean {
    return this.attendees.some(({ isLeader }) => isLeader);
  }

  /** Whether somebody may come in now. A leader finds a way into a locked room, nobody into a full one. */
  admits(isLeader: boolean): boolean {
    return this.attendees.length < this.settings.maxMembers && (!this.locked || isLeader);
  }

  enter(attendee: Attendee, nowMs: number): void {
    const isFirst = this.attendees.length === 0;
    this.attendees.push(attendee);
    this.appoint();
    if (attendee.isLeader) for (const other of this.attendees) other.settle(nowMs);
    else attendee.settle(nowMs);
    if (isFirst && this.settings.record) this.record(true, nowMs);
    if (this.settings.announce && !attendee.isQuiet) this.sound('entered', nowMs);
  }

  leave(attendee: Attendee, nowMs: number): void {
    const at = this.attendees.indexOf(attendee);
    if (at < 0) return;
    this.attendees.splice(at, 1);
    const wasLed = attendee.isLeader && !this.hasLeader;
    this.appoint();
    if (this.attendees.length === 0) {
      if (this.recording) this.record(false, nowMs);
      return;
    }
    if (this.settings.announce && !attendee.isQuiet) this.sound('left', nowMs);
    if (!wasLed || this.hasLeader) return;
    for (const other of [...this.attendees]) {
      if (other.goesWithLeader) other.expel('ENDMARKED', nowMs);
      else other.settle(nowMs);
    }
  }

  /** What an attendee hears: the room, or that it is to wait. */
  sourceOf(attendee: Attendee, room: Omit<Extract<Source, { kind: 'room' }>, 'kind' | 'room'>): Source {
    return attendee.waits && !this.hasLeader ? WAITING : { kind: 'room', room: this.id, ...room };
  }

  lock(on: boolean, nowMs: number): void {
    this.locked = on;
    this.sound(on ? 'locked' : 'unlocked', nowMs);
  }

  record(on: boolean, nowMs: number): void {
    this.recording = on;
    if (on) this.sound('recording', nowMs);
    this.media.tellRoom(this.id, { kind: 'record', on }, nowMs);
    if (!on) this.sound('stopped', nowMs);
  }

  /** Sends away who came last and leads nothing. */
  expelLast(nowMs: number): void {
    this.attendees.findLast(({ isLeader }) => !isLeader)?.expel('KICKED', nowMs);
  }

  view(): ConferenceView {
    return {
      number: this.number,
      members: this.attendees.map(({ channel, isLeader, isMuted }) => ({ channel, leader: isLeader, muted: isMuted })),
      locked: this.locked,
      recording: this.recording,
      sinceMs: this.sinceMs,
    };
  }

  /** Where nobody leads by PIN or by the dialplan, who has been there longest does. */
  private appoint(): void {
    const [first] = this.attendees;
    if (first === undefined || this.hasLeader || this.settings.isLeaderPin !== undefined) return;
    if (!this.attendees.some(({ waits }) => waits)) first.isLeader = true;
  }

  private sound(what: keyof typeof SOUNDS, nowMs: number): void {
    this.media.tellRoom(this.id, { kind: 'sound', pattern: SOUNDS[what] }, nowMs);
  }
}

/** Every room that somebody is in, and how those that are configured are run. */
export class Conferences {
  private readonly open = new Map<string, Conference>();
  /** Numbers of rooms by their ids in the media plane; also of those that closed of late, whose recordings still come. */
  private readonly numbers = new Map<StreamId, string>();

  constructor(
    private readonly media: MediaPort,
    private readonly streams: StreamIds,
    private settings: ReadonlyMap<string, RoomSettings>,
  ) {}

  /** Rooms that somebody is in go on as they are. */
  configure(settings: ReadonlyMap<string, RoomSettings>): void {
    this.settings = settings;
  }

  settingsOf(number: string): RoomSettings {
    return this.open.get(number)?.settings ?? this.settings.get(number) ?? AD_HOC_ROOM;
  }

  /** The room; an empty one if nobody is there yet. */
  room(number: string, nowMs: number): Conference {
    const found = this.open.get(number);
    if (found !== undefined) return found;
    const room = new Conference(number, this.streams.next(), this.settingsOf(number), this.media, nowMs);
    this.open.set(number, room);
    this.numbers.set(room.id, number);
    const [oldest] = this.numbers.keys();
    if (this.numbers.size > KEPT_NUMBERS && oldest !== undefined) this.numbers.delete(oldest);
    return room;
  }

  /** Forgets a room that nobody is in any more. */
  sweep(room: Conference): void {
    if (room.attendees.length === 0 && this.open.get(room.number) === room) this.open.delete(room.number);
  }

  /** The number of a room, also of one that closed of late. */
  numberOf(id: StreamId): string | undefined {
    return this.numbers.get(id);
  }

  views(): readonly ConferenceView[] {
    return [...this.open.values()].map((room) => room.view());
  }

  get size(): number {
    return this.open.size;
  }
}
