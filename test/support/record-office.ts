import { join } from 'node:path';
import { OUTBOX_FOLDER, readJournal } from '../../src/io/journal.ts';
import { parseMessage } from '../../src/status/outbox.ts';
import { type Cdr, callEventSchema, cdrSchema } from '../../src/status/schema.ts';
import { Appliance, type ApplianceOptions } from './appliance.ts';
import type { watchBroker } from './mqtt-watcher.ts';

const ROOT = 'branchline/lyon-01';
/** Telephones 1 and 2 may talk; the others are rung and given up. */
const RUNG = [3, 4];

/** An office that makes calls as fast as it is asked to, and what its broker hears of them. */
export class RecordOffice {
  readonly appliance: Appliance;
  private turn = 0;

  constructor(broker: string, options: Pick<ApplianceOptions, 'command'> = {}) {
    const line = (port: number) => `    - { port: ${port}, kind: fxs, extension: "20${port}", context: office }`;
    const config = `
site: { id: lyon-01, country: fr }
hat:
  port: emulator
  emulator: plain
  lines:
${[1, 2, 3, 4].map(line).join('\n')}
dialplan: |
  [office]
  exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},60)
  exten => 600,1,Echo
mqtt: { url: "${broker}" }
`;
    this.appliance = new Appliance({ config, ...options });
  }

  /** Rings a telephone and gives up at once; the id of the call. */
  async ring(): Promise<string> {
    const from = `LINE/${RUNG[this.turn++ % RUNG.length]}`;
    const made = await this.appliance.request('POST', '/api/calls', { from, to: '600' });
    const { id } = (await made.json()) as { id: string };
    await this.appliance.request('DELETE', `/api/calls/${id}`);
    return id;
  }

  /** Telephone 1 calls 2, and they talk until they are hung up. */
  talk(): Promise<void> {
    return this.appliance.talk('202');
  }

  /** Records on the disk that no broker has yet. */
  async waiting(): Promise<Cdr[]> {
    const entries = await readJournal(join(this.appliance.folder, 'data', OUTBOX_FOLDER));
    return entries.flatMap(({ text }) => {
      const message = parseMessage(text);
      return message?.topic === 'cdr' ? [cdrSchema.parse(JSON.parse(message.payload))] : [];
    });
  }
}

type Watcher = Awaited<ReturnType<typeof watchBroker>>;

/** Every record that came, repeats among them. */
export function recordsSeen({ messages }: Pick<Watcher, 'messages'>): Cdr[] {
  return messages.flatMap(({ topic, payload }) =>
    topic === `${ROOT}/cdr` ? [cdrSchema.parse(JSON.parse(payload))] : [],
  );
}

/** Calls whose end was told. */
export function callsEnded({ messages }: Pick<Watcher, 'messages'>): string[] {
  return messages.flatMap(({ topic, payload }) => {
    if (!topic.startsWith(`${ROOT}/calls/`)) return [];
    const { id, state } = callEventSchema.parse(JSON.parse(payload));
    return state === 'ending' ? [id] : [];
  });
}

/** Records as a consumer keeps them: one of each id. Two of one id that differ would be an error. */
export function withoutRepeats(records: readonly Cdr[]): Cdr[] {
  const kept = new Map<string, Cdr>();
  for (const record of records) {
    const known = kept.get(record.id);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(record)) {
      throw new Error(`two different records have the id ${record.id}`);
    }
    kept.set(record.id, record);
  }
  return [...kept.values()];
}
