import type { OpeningHours } from './dialplan/opening-hours.ts';

/** How soon after the hours' own change the key's word is over. */
const LOOK_MS = 30_000;

/**
 * Night service: outside the opening hours, or as the key says. What the key said holds until the hours say the same by
 * themselves, so that nobody has to remember it in the morning; without hours, until it is pressed again.
 */
export class NightService {
  private said: boolean | undefined;
  private lookAtMs: number | undefined;

  constructor(private hours: OpeningHours | undefined) {}

  /** Other hours; what the key said holds until these say the same. */
  setHours(hours: OpeningHours | undefined, nowMs: number): void {
    this.hours = hours;
    this.lookAtMs = this.said === undefined || hours === undefined ? undefined : nowMs;
  }

  get isNight(): boolean {
    return this.said ?? this.isScheduled;
  }

  /** What the key said, as long as it holds; null when the hours decide. */
  get override(): boolean | null {
    return this.said ?? null;
  }

  /** What the key said before a restart. */
  resume(said: boolean, nowMs: number): void {
    if (said !== this.isNight) this.toggle(nowMs);
  }

  /** The other of day and night; gives which. */
  toggle(nowMs: number): boolean {
    const night = !this.isNight;
    this.said = night === this.isScheduled ? undefined : night;
    this.lookAtMs = this.said === undefined || this.hours === undefined ? undefined : nowMs + LOOK_MS;
    return night;
  }

  nextDeadline(): number | undefined {
    return this.lookAtMs;
  }

  handleTimeout(nowMs: number): void {
    if (this.lookAtMs === undefined || nowMs < this.lookAtMs) return;
    const isOver = this.said === this.isScheduled;
    if (isOver) this.said = undefined;
    this.lookAtMs = isOver ? undefined : nowMs + LOOK_MS;
  }

  private get isScheduled(): boolean {
    return this.hours?.isOpen() === false;
  }
}
