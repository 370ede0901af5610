import type { EndpointOutput } from './endpoint-output.ts';
import type { LookupAnswer } from './remote-dialplan.ts';

/** Beyond these the oldest is given up: whoever owns the dialplan answers at once or never. */
const MAX_QUESTIONS = 1_024;

export type GiveAnswer = (answer: LookupAnswer, nowMs: number) => void;

/** What other switches want to know of our dialplan, until it has answered. [RFC5456 §6.8] */
export class DialplanQuestions {
  private readonly open = new Map<number, GiveAnswer>();
  private lastId = 0;

  constructor(private readonly emit: (output: EndpointOutput) => void) {}

  ask(peer: string, context: string, number: string, give: GiveAnswer): void {
    const id = ++this.lastId;
    this.open.set(id, give);
    if (this.open.size > MAX_QUESTIONS) this.open.delete(this.open.keys().next().value!);
    this.emit({ type: 'lookup-request', id, peer, context, number });
  }

  answer(id: number, answer: LookupAnswer, nowMs: number): void {
    const give = this.open.get(id);
    this.open.delete(id);
    give?.(answer, nowMs);
  }
}
