/** A dialog that an INVITE or a REFER names: tags as who is asked to give it up has them. [RFC3891 §6.1] */
export interface Replaces {
  readonly callId: string;
  /** Of the one who reads it. */
  readonly toTag: string;
  readonly fromTag: string;
  /** Only a call that nobody has answered is meant. */
  readonly isEarlyOnly: boolean;
}

/** Undefined where a part is missing. */
export function parseReplaces(text: string): Replaces | undefined {
  const [callId = '', ...parameters] = text.split(';').map((part) => part.trim());
  const tag = (name: string) => parameters.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  const [toTag, fromTag] = [tag('to-tag'), tag('from-tag')];
  if (callId === '' || toTag === '' || fromTag === '') return undefined;
  return { callId, toTag, fromTag, isEarlyOnly: parameters.includes('early-only') };
}
