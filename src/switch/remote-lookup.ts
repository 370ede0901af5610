import type { DialTarget } from '../dialplan/dial-target.ts';
import { Waiting } from './waiting.ts';

/** Who can be asked whether a number exists at the other end of a `switch =>`. */
export interface RemoteDialplans {
  /** Whether it exists there, if that is known; else the id under which the answer comes. */
  ask(peer: DialTarget, number: string, nowMs: number): boolean | { readonly id: number };
}

/** Longer than any peer is waited for: the question's own end comes before it. */
const PATIENCE_MS = 10_000;

/** `switch =>`: asks another dialplan about a number that ours does not have. */
export class AskingElsewhere extends Waiting {
  private id: number | undefined;

  constructor(
    private readonly others: RemoteDialplans,
    private readonly peer: DialTarget,
    private readonly number: string,
  ) {
    super(PATIENCE_MS, { exists: false });
  }

  override start(nowMs: number): void {
    const answer = this.others.ask(this.peer, this.number, nowMs);
    if (typeof answer === 'boolean') this.finish({ exists: answer });
    else {
      this.id = answer.id;
      super.start(nowMs);
    }
  }

  /** False for the answer to somebody else's question. */
  handleAnswer(id: number, exists: boolean): boolean {
    if (id !== this.id) return false;
    this.finish({ exists });
    return true;
  }
}
