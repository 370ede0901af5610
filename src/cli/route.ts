import type { Command } from 'commander';
import { closest } from '../base/closest.ts';
import { devicesWith } from '../config/devices.ts';
import { numberingPlan } from '../config/dial-classes.ts';
import { contextsOfTelephones, emergencyPlan } from '../config/emergency.ts';
import { isOwnContext } from '../config/numbers.ts';
import { formatProblem } from '../config/problem.ts';
import type { ClassOfService } from '../dialplan/class-of-service.ts';
import type { Environment } from '../dialplan/environment.ts';
import type { DialClass } from '../dialplan/numbering-plan.ts';
import { OpeningHours } from '../dialplan/opening-hours.ts';
import { outsidePrefixes } from '../dialplan/outside-line.ts';
import { type TraceLine, traceRoute } from '../dialplan/trace.ts';
import { epochOf, type WallClock } from '../dialplan/wall-clock.ts';
import { traceEmergency } from '../emergency/trace.ts';
import { systemClock } from '../io/clock.ts';
import { systemRandom } from '../io/random.ts';
import { utcOffsetMinutes } from '../io/time-zone.ts';
import { loadConfigurationFile, WITHOUT_SECRETS } from './configuration-file.ts';
import type { RunnableConfiguration } from './run.ts';
import { CommandFailure, DEFAULT_CONFIGURATION, type Terminal } from './terminal.ts';

interface Options {
  readonly from: string;
  readonly at?: string;
  readonly config: string;
  readonly json?: true;
}

export function addRoute(program: Command, terminal: Terminal): void {
  program
    .command('route')
    .description('says what a dialled number would do, step by step, without calling anyone')
    .argument('<number>', 'the number')
    .requiredOption(
      '--from <context|line/N|phone/USER>',
      'where it is dialled: a context of the dialplan, a line or a phone',
    )
    .option('--at <time>', 'when: 08:30, 2026-12-24T08:30 (time of the site), or with a zone 2026-12-24T08:30:00Z')
    .option('--config <file>', 'the configuration', DEFAULT_CONFIGURATION)
    .option('--json', 'prints the steps as JSON')
    .addHelpText('after', '\nEvery Dial is taken to get no answer, so that all that would be tried is seen.')
    .action((number: string, options: Options) => {
      const loaded = loadConfigurationFile(options.config, WITHOUT_SECRETS);
      if (loaded.configuration === undefined || loaded.dialplan === undefined) {
        const errors = loaded.problems.filter((problem) => problem.severity === 'error');
        throw new CommandFailure(errors.map((problem) => formatProblem(options.config, problem)).join('\n'), 2);
      }
      const { configuration, dialplan } = loaded;
      const clock = clockOf(configuration, options.at);
      const from = originOf(configuration, options.from);
      const plan = emergencyPlan(configuration);
      const prefixes = (context: string) => outsidePrefixes(dialplan, context);
      const emergency = from.isTelephone ? traceEmergency(plan, number, prefixes(from.context)) : undefined;
      const rules: ClassOfService = {
        numbering: numberingPlan(configuration),
        isEmergency: (context, dialled) => plan.lookUp(dialled, prefixes(context)).match !== undefined,
        prefixes,
      };
      if (emergency === undefined && !dialplan.contexts.has(from.context)) {
        const contexts = [...dialplan.contexts.keys()].filter((name) => !isOwnContext(name));
        const meant = closest(from.context, contexts);
        const hint = meant === undefined ? ';' : `, did you mean ${meant}?`;
        const allowed = [...contexts, 'line/N', 'phone/USER'].join(', ');
        throw new CommandFailure(`the dialplan has no context ${from.context}${hint} allowed: ${allowed}`, 2);
      }
      const assume = { ...from, service: { held: from.class, rules } };
      const steps =
        emergency ?? traceRoute(dialplan, from.context, number, environmentOf(configuration, clock), assume);
      const at = new Date(clock.nowMs()).toISOString();
      if (options.json)
        terminal.out(`${JSON.stringify({ number, context: from.context, at, steps: steps.map(asJson) }, null, 2)}\n`);
      else for (const step of steps) terminal.out(formatStep(step, options.config));
    });
}

interface Origin {
  readonly context: string;
  /** A line, or a context in which calls of telephones begin. */
  readonly isTelephone: boolean;
  readonly class?: DialClass | undefined;
  readonly channel?: string;
  readonly caller?: { readonly number: string; readonly name: string };
}

function originOf(configuration: RunnableConfiguration['configuration'], from: string): Origin {
  const [kind = '', name = ''] = from.split('/');
  if (!from.includes('/')) return { context: from, isTelephone: contextsOfTelephones(configuration).has(from) };
  if (/^line$/i.test(kind)) {
    const line = configuration.hat?.lines.find(({ port }) => String(port) === name);
    if (line === undefined) throw new CommandFailure(`there is no line ${name} in hat.lines`, 2);
    return {
      ...origin(`line ${name}`, `LINE/${name}`, line.context, line.extension, line.name),
      isTelephone: line.kind === 'fxs',
      class: line.class,
    };
  }
  const phone = /^(?:phone|(?:pj)?sip)$/i.test(kind) ? configuration.sip?.phones[name] : undefined;
  if (phone === undefined) throw new CommandFailure(`there is no phone ${name} in sip.phones`, 2);
  return {
    ...origin(`phone ${name}`, `SIP/${name}`, phone.context, phone.extension ?? name, phone.name),
    class: phone.class,
  };
}

function origin(what: string, channel: string, context: string | undefined, number = '', name = ''): Origin {
  if (context === undefined) throw new CommandFailure(`${what} has no context`, 2);
  return { context, isTelephone: true, channel, caller: { number, name } };
}

function clockOf(configuration: RunnableConfiguration['configuration'], at: string | undefined): WallClock {
  const clock: WallClock = {
    nowMs: () => systemClock.wallMs(),
    utcOffsetMinutes: (epochMs, zone) => utcOffsetMinutes(zone ?? configuration.site.timezone, epochMs),
  };
  if (at === undefined) return clock;
  const atMs = parseTime(at, clock);
  if (atMs === undefined) {
    throw new CommandFailure(`--at ${at} is no time; allowed: 08:30, 2026-12-24T08:30, 2026-12-24T08:30:00Z`, 2);
  }
  return { ...clock, nowMs: () => atMs };
}

/** `HH:MM` of today or `YYYY-MM-DDTHH:MM[:SS]`, both by the clock of the site; the latter with a zone anywhere. */
export function parseTime(text: string, clock: WallClock): number | undefined {
  const nowMs = clock.nowMs();
  const today = new Date(nowMs + (clock.utcOffsetMinutes(nowMs) ?? 0) * 60_000).toISOString().slice(0, 10);
  const whole = /^\d{1,2}:\d{2}$/.test(text) ? `${today}T${text.padStart(5, '0')}` : text.replace(' ', 'T');
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})$/.test(whole)) {
    const epochMs = Date.parse(whole);
    return Number.isNaN(epochMs) ? undefined : epochMs;
  }
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(whole);
  if (match === null || Number.isNaN(Date.parse(`${whole}Z`))) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return epochOf(clock, { year, month, day, hour, minute, second });
}

/** What the dialplan can ask before any appliance runs: no call is up, no line is busy, no key was pressed. */
function environmentOf(configuration: RunnableConfiguration['configuration'], clock: WallClock): Environment {
  return {
    clock,
    random: systemRandom,
    globals: new Map(),
    devices: (number) => devicesWith(configuration, number),
    deviceState: () => 'NOT_INUSE',
    night: () => configuration.hours !== undefined && !new OpeningHours(configuration.hours, clock).isOpen(),
  };
}

function asJson({ location, application, args, outcome }: TraceLine) {
  return {
    ...(location === undefined
      ? {}
      : {
          context: location.context,
          extension: location.exten,
          priority: location.priority,
          line: location.line || null,
        }),
    application,
    arguments: args,
    outcome,
  };
}

/** `branchline.yaml:12  office,7123,1  Dial(IAX2/hq/123,30)` and below it what comes of it. */
function formatStep({ location, application, args, outcome }: TraceLine, file: string): string {
  if (location === undefined) return application === '' ? `${outcome}\n` : `${application}(${args})\n    ${outcome}\n`;
  // What conferences, groups and features bring stands at no line.
  const where = location.line === 0 ? 'not in the dialplan' : `${file}:${location.line}`;
  const place = `${where}  ${location.context},${location.exten},${location.priority}`;
  return `${place}  ${application}(${args})\n${outcome === '' ? '' : `    ${outcome}\n`}`;
}
