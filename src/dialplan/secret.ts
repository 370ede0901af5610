const CREDENTIALS = /\b(IAX2?|PJSIP|SIP)\/([^:@/&,|\s]*):([^@\s]*)@/gi;

/**
 * Hides the secrets of dial strings in text that will be read: `IAX2/box:pass@hq/200` becomes `IAX2/box:***@hq/200`.
 * A key name in brackets, `user:[key]@peer`, is no secret and stays.
 */
export function maskSecrets(text: string): string {
  return text.replace(CREDENTIALS, (_, technology: string, user: string, secret: string) => {
    const key = /(?:^|:)(\[[^\]:]*\])$/.exec(secret)?.[1];
    if (key === undefined) return `${technology}/${user}:***@`;
    return secret === key ? `${technology}/${user}:${key}@` : `${technology}/${user}:***:${key}@`;
  });
}
