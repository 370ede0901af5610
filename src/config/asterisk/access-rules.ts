import { type Entry, entriesOf, type Section } from './reader.ts';
import type { Remarks } from './remarks.ts';
import { parseNetworks } from './values.ts';

export type AccessRule = { permit: string } | { deny: string };

/** Nobody has such an address outside: a rule that nobody can read must open nothing. */
const EVERYBODY = ['0.0.0.0/0', '::/0'];

/**
 * `permit`, `deny` and `acl` of a section, in order: as in Asterisk the last that fits decides. What cannot be read closes
 * rather than opens.
 */
export class AccessRules {
  readonly rules: AccessRule[] = [];

  constructor(
    /** The sections of acl.conf. */
    private readonly named: readonly Section[],
    private readonly remarks: Remarks,
  ) {}

  add(entry: Entry): void {
    const key = entry.key.toLowerCase();
    if (key === 'acl') for (const name of entry.value.split(',')) this.addNamed(name.trim(), entry);
    else this.addNetworks(key === 'permit', entry);
  }

  /** As the configuration says it; everybody denied and some permitted is `allowFrom`. */
  result(): { allowFrom?: string[]; acl?: AccessRule[] } {
    const [first, ...others] = this.rules;
    if (first === undefined) return {};
    const permitted = others.flatMap((rule) => ('permit' in rule ? [rule.permit] : []));
    const isList = 'deny' in first && EVERYBODY.includes(first.deny) && permitted.length === others.length;
    return isList && permitted.length > 0 ? { allowFrom: [...new Set(permitted)] } : { acl: this.rules };
  }

  private addNamed(name: string, entry: Entry): void {
    const isNegated = name.startsWith('!');
    const section = this.named.find((it) => !it.isTemplate && it.name === name.replace(/^!/, ''));
    if (section === undefined || isNegated) {
      this.closeFor(entry, `acl.conf has no list ${name}`);
      return;
    }
    for (const rule of entriesOf(section)) {
      const key = rule.key.toLowerCase();
      if (key === 'permit' || key === 'deny') this.addNetworks(key === 'permit', rule);
    }
  }

  private addNetworks(permits: boolean, entry: Entry): void {
    for (const found of parseNetworks(entry.value)) {
      if (found === undefined) {
        if (permits) this.remarks.lost(entry, 'a network to permit cannot be read; it stays shut out');
        else this.closeFor(entry, 'a network to deny cannot be read');
      } else this.rules.push(permits === found.isNegated ? { deny: found.network } : { permit: found.network });
    }
  }

  private closeFor(entry: Entry, reason: string): void {
    for (const network of EVERYBODY) this.rules.push({ deny: network });
    this.remarks.lost(entry, `${reason}; everybody is denied in its place, write who may come in acl or allowFrom`);
  }
}
