import { createHmac, randomBytes } from 'node:crypto';
import { type Change, differences } from './config/diff.ts';
import { loadConfiguration } from './config/load.ts';
import { MaskedText, type RestoredText } from './config/masked-text.ts';
import { formatPath, inDocumentOrder, type Problem } from './config/problem.ts';
import type { SecretStore } from './config/secret.ts';
import { type Touched, touched } from './config/touched.ts';
import type { ConfigurationDesk } from './configuration-desk.ts';
import { isLive } from './live-settings.ts';
import { lockout } from './lockout.ts';
import type { CheckedConfiguration, ConfigurationStanding, ConfigurationText } from './panel/configuration.ts';
import type { ConfigurationChange, ConfigurationServices, NotApplied } from './panel/services.ts';
import type { Runnable } from './service-host.ts';
import type { CallStatus } from './status/schema.ts';

export interface ConfigurationEditorOptions {
  /** The configuration that runs, and that of the box itself. */
  readonly running: () => Runnable;
  readonly local: () => Runnable;
  /** Another one than that of the box itself runs. */
  readonly isProvisioned: () => boolean;
  /** Undefined while the appliance starts. */
  readonly desk: () => ConfigurationDesk | undefined;
  readonly secrets: SecretStore;
  readonly calls: () => readonly CallStatus[];
}

const STARTING = 'the appliance is starting; try again';

/** Reads and changes the configuration for the panel: secrets are masked on the way out, and put back on the way in. */
export class ConfigurationEditor implements ConfigurationServices {
  /** A plain digest of the text would let short secrets be guessed. */
  private readonly salt = randomBytes(32);
  private known: { readonly of: string; readonly masked: MaskedText } | undefined;

  constructor(private readonly options: ConfigurationEditorOptions) {}

  read(): ConfigurationText | { readonly failed: string } {
    const text = this.inForce().masked();
    if (text === undefined)
      return { failed: 'its secrets cannot be masked where they are written; change it in the file on the box' };
    return { text, version: this.version(), source: this.source() };
  }

  check(edited: string): CheckedConfiguration {
    const { problems, changes, touches } = this.judge(edited);
    return { problems, changes, touches };
  }

  apply({ text, version, user, confirmWithinMs }: ConfigurationChange): NotApplied | undefined {
    const desk = this.options.desk();
    if (desk === undefined) return { reason: 'conflict', error: STARTING };
    if (version !== this.version())
      return {
        reason: 'conflict',
        error: 'another configuration has come into force meanwhile; load it and change that',
      };
    const { restored, problems, changes } = this.judge(text);
    const fault = problems.find(isFault);
    if (fault !== undefined) {
      const { line, column, message } = fault;
      return { reason: 'invalid', error: `line ${line}, column ${column}: ${message}`, problems };
    }
    if (changes.length === 0 && restored.text === this.options.running().text)
      return { reason: 'conflict', error: 'nothing is changed' };
    const faults = desk.propose({ config: restored.text, user, confirmWithinMs });
    return faults === undefined
      ? undefined
      : { reason: 'conflict', error: faults[0]?.message ?? 'it cannot be tried now' };
  }

  confirm(): string | undefined {
    const desk = this.options.desk();
    return desk === undefined ? STARTING : desk.confirm(undefined, true);
  }

  rollBack(): string | undefined {
    const desk = this.options.desk();
    return desk === undefined ? STARTING : desk.rollBack(true);
  }

  standing(): ConfigurationStanding {
    const desk = this.options.desk();
    const idle = { phase: 'idle', by: null, user: null, unconfirmed: false, remainingMs: null } as const;
    return {
      ...(desk?.standing() ?? { ...idle, missing: [] }),
      version: this.version(),
      source: this.source(),
      reported: desk?.lastReported ?? null,
    };
  }

  /** Read once for all that is checked while somebody types. */
  private inForce(): MaskedText {
    const { text } = this.options.running();
    if (this.known?.of !== text) this.known = { of: text, masked: new MaskedText(text) };
    return this.known.masked;
  }

  private source(): ConfigurationText['source'] {
    const { isProvisioned, desk } = this.options;
    if (!isProvisioned()) return 'file';
    const standing = desk()?.standing();
    if (standing?.by != null && standing.phase !== 'applying') return standing.by;
    return desk()?.good?.revision === null ? 'panel' : 'head-office';
  }

  private version(): string {
    return createHmac('sha256', this.salt).update(this.options.running().text).digest('base64url').slice(0, 16);
  }

  private judge(edited: string): CheckedConfiguration & { readonly restored: RestoredText } {
    const running = this.options.running();
    const before = running.configuration;
    const restored = this.inForce().restore(edited);
    const { configuration, problems } = loadConfiguration(restored.text, this.options.secrets);
    const found: Problem[] = [
      ...restored.problems,
      ...problems.map((problem) => ({ ...problem, ...restored.toMasked(problem) })),
    ];
    const lost =
      configuration === undefined ? undefined : lockout(configuration, before, this.options.local().configuration);
    if (lost !== undefined) found.push({ line: 1, column: 1, severity: 'error', message: lost });
    const changes = configuration === undefined ? [] : differences(before, configuration);
    const { channels, ...names } = configuration === undefined ? NOTHING : touched(changes, before, configuration);
    const isOn = ({ legs }: CallStatus) => legs.some(({ channel }) => channels.includes(channel));
    const calls = this.options.calls().filter(isOn);
    const restart = changes.some(({ path }) => !isLive(formatPath(path)));
    return {
      restored,
      problems: inDocumentOrder(found),
      changes: changes.map(shownChange),
      touches: { ...names, calls: calls.map(({ id }) => id), restart },
    };
  }
}

const NOTHING: Touched = { lines: [], phones: [], trunks: [], channels: [] };

function isFault({ severity, stopsRun }: Problem): boolean {
  return severity === 'error' || stopsRun === true;
}

function shownChange({ path, kind, before, after }: Change): CheckedConfiguration['changes'][number] {
  const place = formatPath(path);
  return { path: place, kind, before: before ?? null, after: after ?? null, live: isLive(place) };
}
