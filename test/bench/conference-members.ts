import { Asterisk } from '../support/asterisk.ts';
import { RawCaller } from '../support/raw-caller.ts';
import { pause, waitUntil } from '../support/wait-until.ts';
import { ManagerInterface } from './manager-interface.ts';
import { CALLERS, EXCHANGE, exchangeOptions, NUMBERS, SWITCH, USER } from './media-subjects.ts';
import { FRAME_MS, speak } from './voice-clock.ts';

/** Where the members of a conference come from, and what they say. */
export interface Members {
  /** As many as that are in it. */
  bringTo(size: number): Promise<void>;
  /** They talk for so long. */
  talk(ms: number): Promise<void>;
  /** Frames that they have heard so far; undefined where that is not known. */
  readonly heard: number | undefined;
  leave(): Promise<void>;
}

/** So many talk, each with a square wave of another pitch; the others send silence, as a telephone does. */
export const TALKERS = 3;

/** Telephones that call on their own, each from an address of its own. */
export class Telephones implements Members {
  heard = 0;
  private readonly callers: RawCaller[] = [];
  private readonly voices: Uint8Array[] = [];
  private saidMs = 1_000;

  async bringTo(size: number): Promise<void> {
    while (this.callers.length < size) {
      const caller = await RawCaller.dial({ ip: SWITCH, port: 4569 }, CALLERS, USER, NUMBERS.conference);
      caller.onVoice = () => this.heard++;
      this.voices.push(voiceOf(this.callers.length));
      this.callers.push(caller);
    }
  }

  async talk(ms: number): Promise<void> {
    let talkedMs = 0;
    await speak(this.callers.length, performance.now() + ms, (member, frame) => {
      talkedMs = FRAME_MS * (frame + 1);
      this.callers[member]!.say(this.voices[member]!, this.saidMs + FRAME_MS * frame);
    });
    this.saidMs += talkedMs;
  }

  async leave(): Promise<void> {
    for (const caller of this.callers.splice(0)) await caller.hangUp();
    this.voices.length = 0;
    this.saidMs = 1_000;
  }
}

function voiceOf(member: number): Uint8Array {
  const half = 5 + 2 * member;
  return Uint8Array.from({ length: 160 }, (_, i) => {
    if (member >= TALKERS) return 0xff;
    return Math.floor(i / half) % 2 === 0 ? 0x9f : 0x1f;
  });
}

/** Calls of a head office: a real Asterisk, one address for all; every one of them sends its steady tone without a pause. */
export class HeadOffice implements Members {
  readonly heard = undefined;

  private constructor(
    private readonly asterisk: Asterisk,
    private readonly manager: ManagerInterface,
  ) {}

  static async open(): Promise<HeadOffice> {
    const asterisk = new Asterisk(exchangeOptions());
    await asterisk.start();
    return new HeadOffice(asterisk, await ManagerInterface.connect(EXCHANGE, 'bench', 'bench'));
  }

  async bringTo(size: number): Promise<void> {
    while ((await this.asterisk.channelCount()) < size)
      await this.manager.originate(`IAX2/switch/${NUMBERS.conference}`, 'Milliwatt', '');
  }

  talk(ms: number): Promise<void> {
    return pause(ms);
  }

  async leave(): Promise<void> {
    await this.asterisk.cli('channel request hangup all');
    await waitUntil('all calls to be over', 30_000, async () => (await this.asterisk.channelCount()) === 0);
  }

  async close(): Promise<void> {
    this.manager.close();
    await this.asterisk.dispose();
  }
}
