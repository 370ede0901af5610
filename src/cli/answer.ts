import type { ControlAnswer } from '../io/control-client.ts';
import { CommandFailure } from './terminal.ts';

/** The body of a good answer; anything else ends the command with the appliance's own words. */
export function answerOf(answer: ControlAnswer): unknown {
  if ('failure' in answer) throw new CommandFailure(answer.failure);
  if (answer.status < 400) return answer.body;
  const error = (answer.body as { error?: unknown } | null)?.error;
  throw new CommandFailure(
    typeof error === 'string' ? error : `the appliance answered with HTTP status ${answer.status}`,
  );
}
