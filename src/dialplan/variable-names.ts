import { closest } from '../base/closest.ts';
import { BUILTIN_VARIABLES } from './builtin-variables.ts';
import type { Dialplan } from './dialplan.ts';

/** What the switch sets besides the built-in ones: results of applications, parameters of macros. */
const SET_BY_THE_SWITCH = [
  ...['DIALSTATUS', 'DIALEDTIME', 'ANSWEREDTIME', 'DIALEDPEERNAME', 'DIALEDPEERNUMBER', 'READSTATUS', 'TRYSTATUS'],
  ...['SENDTEXTSTATUS', 'PLAYBACKSTATUS', 'INVALID_EXTEN', 'GOSUB_RETVAL', 'ARGC'],
  ...['MACRO_EXTEN', 'MACRO_CONTEXT', 'MACRO_PRIORITY'],
];

/**
 * Variables that are read and that nothing sets, but for one letter: `${EXTN}` is nothing, and `Dial(IAX2/hq/${EXTN:1})`
 * calls nobody. Any word of the dialplan that is not read may be one that is set.
 */
export class VariableNames {
  private readonly set: ReadonlySet<string>;
  private readonly ours: readonly string[] = [...BUILTIN_VARIABLES, ...SET_BY_THE_SWITCH];

  constructor(dialplan: Dialplan) {
    const set = new Set([...this.ours, ...dialplan.globals.keys()]);
    // `_` and `__` in front are inheritance, no part of the name.
    for (const { extensions } of dialplan.contexts.values())
      for (const { priorities } of extensions)
        for (const { data } of priorities.values())
          for (const [word] of data.replace(/\$\{\w+/g, '').matchAll(/[A-Za-z0-9]\w*/g)) set.add(word);
    this.set = set;
  }

  /** What was meant by a name that nothing sets; undefined where something may, or nothing is like it. */
  meantBy(name: string): string | undefined {
    if (this.set.has(name) || /^ARG\d+$/.test(name)) return undefined;
    return closest(name, this.ours);
  }
}
