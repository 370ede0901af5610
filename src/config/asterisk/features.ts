import type { Draft, DraftDocument } from './draft.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';

type Features = NonNullable<DraftDocument['features']>;

const CODE = /^[0-9*#]{1,8}$/;

/** The codes that telephones dial: those of features.conf and, since Asterisk 12, res_parking.conf. */
export function importFeatures(features: readonly Section[], parking: readonly Section[], draft: Draft): void {
  const { remarks } = draft;
  const codes: Pick<Features, 'pickup' | 'park'> = {};
  const put = (code: 'pickup' | 'park', entry: Entry) => {
    if (CODE.test(entry.value)) codes[code] ??= entry.value;
    else remarks.lost(entry, `${entry.key} is no code of digits, * and #`);
    draft.from(['features', code], entry);
  };
  for (const section of [...features, ...parking]) {
    if (section.isTemplate) continue;
    for (const entry of entriesOf(section)) {
      const key = entry.key.toLowerCase();
      if (key === 'pickupexten') put('pickup', entry);
      else if (key === 'parkext') {
        put('park', entry);
        remarks.changed(
          entry,
          `a call that is parked by ${entry.value} has a slot of one digit: ${entry.value}1 to ${entry.value}9`,
        );
      } else if (
        /^(?:featuremap|applicationmap|featuregroup_)/i.test(section.name) ||
        /^(?:blindxfer|atxfer|disconnect|automon|automixmon|parkcall)$/.test(key)
      )
        remarks.lost(
          entry,
          `${entry.key}: calls are held and handed on by a hook flash, or by the keys of a SIP phone`,
        );
    }
  }
  if (codes.pickup === undefined && codes.park === undefined) return;
  const { hat, sip } = draft.document;
  const telephones = [...(hat?.lines ?? []).filter(({ kind }) => kind === 'fxs'), ...Object.values(sip?.phones ?? {})];
  const contexts = [...new Set(telephones.flatMap(({ context }) => context ?? []))];
  if (contexts.length > 0) draft.document.features = { contexts, ...codes };
}
