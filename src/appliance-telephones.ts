import type { ApplianceLines, LocalParty } from './appliance-lines.ts';
import type { LiveSettings } from './appliance-options.ts';
import type { ApplianceSip } from './appliance-sip.ts';
import type { Environment } from './dialplan/environment.ts';
import type { DialClass } from './dialplan/numbering-plan.ts';
import type { TelephoneSettings } from './switch/handset.ts';
import type { DialFailure } from './switch/leg.ts';

type TelephoneClasses = Pick<LiveSettings, 'dialClasses' | 'telephones'>;

/** The lines and phones of this branch by channel (`LINE/1`, `SIP/211`): who they are, and what they may and do. */
export class ApplianceTelephones {
  constructor(
    private settings: TelephoneClasses,
    private readonly lines: ApplianceLines,
    private readonly sip: ApplianceSip | undefined,
  ) {}

  configure({ dialClasses, telephones }: TelephoneClasses): void {
    this.settings = { ...(dialClasses && { dialClasses }), ...(telephones && { telephones }) };
  }

  /** Where the calls of a line or a phone enter the dialplan, and who it is; undefined if there is none. */
  party(channel: string): LocalParty | undefined {
    const [technology = '', resource = ''] = channel.split('/');
    if (/^line$/i.test(technology)) return this.lines.party(resource);
    const phone = /^(?:pj)?sip$|^phone$/i.test(technology) ? this.sip?.phone(resource) : undefined;
    if (phone?.context === undefined) return undefined;
    return {
      technology: 'sip',
      resource,
      context: phone.context,
      caller: { number: phone.extension, name: phone.name },
    };
  }

  /** Who makes a call for somebody else: an extension or a channel. */
  originator(from: string): LocalParty | DialFailure {
    const channel = from.includes('/') ? from : this.devices(from)[0];
    if (channel === undefined)
      return { failed: 'unallocated-number', reason: `Nothing here has the extension ${from}.` };
    return (
      this.party(channel) ?? {
        failed: 'facility-rejected',
        reason: `A call can be made from a line (LINE/n), a phone (SIP/user) or an extension of ours, not from ${from}.`,
      }
    );
  }

  /** The dial strings of the local lines and phones with this extension. */
  devices(extension: string): readonly string[] {
    return [...this.lines.devices(extension), ...(this.sip?.devices(extension) ?? [])];
  }

  deviceState(device: string): ReturnType<Environment['deviceState']> {
    const [technology = '', resource = ''] = device.split('/');
    if (/^(?:PJ)?SIP$/i.test(technology)) return this.sip?.deviceState(resource) ?? 'INVALID';
    return technology.toUpperCase() === 'LINE' ? this.lines.deviceState(resource) : 'INVALID';
  }

  /** What the configuration lets it dial. */
  dialClassOf(channel: string): DialClass | undefined {
    return this.settings.dialClasses?.get(channel);
  }

  /** The same, also of a phone that was adopted. */
  heldClass(channel: string): DialClass | undefined {
    const [technology, peer = ''] = channel.split('/');
    return technology === 'SIP' ? this.sip?.dialClassOf(peer) : this.dialClassOf(channel);
  }

  settingsOf(channel: string): TelephoneSettings | undefined {
    const party = this.party(channel);
    if (party === undefined) return undefined;
    const { flash = 'features', callWaiting = party.technology === 'line' } =
      this.settings.telephones?.get(channel) ?? {};
    const dialClass = this.dialClassOf(channel);
    return { context: party.context, caller: party.caller, flash, callWaiting, dialClass };
  }
}
