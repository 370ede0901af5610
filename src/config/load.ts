import type { Dialplan } from '../dialplan/dialplan.ts';
import { unavailableKeys } from './availability.ts';
import { readDialplan } from './dialplan-text.ts';
import { readDocument } from './document.ts';
import { checkEmergencyNumbers } from './emergency-check.ts';
import { describeIssues, untold } from './messages.ts';
import { checkNumbers, withNumbers } from './numbers.ts';
import { formatPath, inDocumentOrder, type Problem } from './problem.ts';
import { type ConfigurationInput, configurationSchema } from './schema/configuration.ts';
import type { Resolved, SecretStore } from './secret.ts';
import { checkSecretContents } from './secret-contents.ts';
import { writtenPlace } from './secret-places.ts';
import { resolveSecrets } from './secrets.ts';
import { contradictions, unknownDialTarget } from './semantics.ts';

/** The effective configuration: defaults filled in, durations in ms, secrets looked up. */
export type Configuration = Resolved<ConfigurationInput>;

export interface LoadedConfiguration {
  /** Absent if there is any error. */
  readonly configuration?: Configuration;
  /** The dialplan of the configuration; absent with it. */
  readonly dialplan?: Dialplan;
  /** Errors and warnings in the order of the document. */
  readonly problems: readonly Problem[];
}

/**
 * Reads and judges a whole document: syntax, schema, meaning, dialplan, secrets, and what this version ignores. Pure
 * but for the secrets, which `store` looks up. Never throws for what the text says.
 */
export function loadConfiguration(text: string, store: SecretStore): LoadedConfiguration {
  const document = readDocument(text);
  if (document.value === undefined) return { problems: inDocumentOrder(document.problems) };
  const problems: Problem[] = [...document.problems, ...unavailableKeys(document)];

  const { dialplan, targets, place, problems: dialplanProblems } = readDialplan(document);
  problems.push(...dialplanProblems);

  const parsed = configurationSchema.safeParse(document.value, { error: untold, reportInput: true });
  if (!parsed.success) {
    const isNew = (found: Problem) =>
      !document.problems.some((it) => it.line === found.line && it.column === found.column);
    problems.push(...describeIssues(parsed.error.issues, document).filter(isNew));
    return { problems: inDocumentOrder(problems) };
  }
  for (const { path, message, severity, stopsRun } of contradictions(parsed.data, document.value, dialplan)) {
    problems.push({ ...document.positionOf(path), severity, message, ...(stopsRun ? { stopsRun } : {}) });
  }
  for (const { target, position } of targets) {
    const fault = unknownDialTarget(parsed.data, target);
    if (fault !== undefined) problems.push({ ...position, severity: 'error', message: fault });
  }
  checkEmergencyNumbers(parsed.data, dialplan, (where, message, severity) => {
    problems.push({ ...('line' in where ? place(where) : document.positionOf(where)), severity, message });
  });
  checkNumbers(parsed.data, dialplan, (path, message) => {
    problems.push({ ...document.positionOf(path), severity: 'warning', message });
  });
  const resolved = resolveSecrets(parsed.data, store);
  for (const { path, message, elsewhere } of resolved.failures) {
    const place = formatPath(writtenPlace(path, document.value));
    problems.push({
      ...document.positionOf(path),
      ...(elsewhere ? { severity: 'warning', stopsRun: true } : { severity: 'error' }),
      message: `${place}: ${message}`,
    });
  }
  checkSecretContents(resolved.value, store, (path, message) => {
    problems.push({ ...document.positionOf(path), severity: 'warning', message });
  });
  const sorted = inDocumentOrder(problems);
  if (sorted.some((problem) => problem.severity === 'error')) return { problems: sorted };
  return { configuration: resolved.value, dialplan: withNumbers(dialplan, parsed.data), problems: sorted };
}
