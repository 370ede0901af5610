import type { Configuration } from './load.ts';

/** The dial strings of every local line and phone with this extension, lines first; what `DEVICE()` gives. */
export function devicesWith(configuration: Configuration, extension: string): string[] {
  const lines = (configuration.hat?.lines ?? []).filter((line) => line.extension === extension);
  const phones = Object.entries(configuration.sip?.phones ?? {});
  return [
    ...lines.map((line) => `LINE/${line.port}`),
    ...phones.filter(([user, phone]) => (phone.extension ?? user) === extension).map(([user]) => `SIP/${user}`),
  ];
}
