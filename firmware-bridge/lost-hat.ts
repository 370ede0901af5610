/** Why there is no HAT, in a sentence, from the word that a `lost` event carries. */
export function whyLost(reason: string): string {
  return SENTENCES.get(reason) ?? `The HAT is lost: ${reason}.`;
}

const SENTENCES: ReadonlyMap<string, string> = new Map([
  ['port-closed', 'The port of the HAT is not open.'],
  ['silent', 'The HAT has fallen silent.'],
  ['no-ack', 'The HAT does not acknowledge what it is told.'],
  ['reset', 'The HAT has started afresh.'],
  ['unknown-version', 'The firmware of the HAT speaks another version of the link; it has to be flashed.'],
  ['noise-only', 'Bytes come from the HAT and no frame among them: most likely it runs at another baud rate.'],
  ['no-answer', 'The HAT does not answer.'],
  ['hung', 'The HAT hangs: its reset line was pulled five times within ten minutes and did not help.'],
]);
