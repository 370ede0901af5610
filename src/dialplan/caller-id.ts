/** Reads `"Alice" <201>`, `Alice <201>`, `201` or `Alice`. */
export function parseCallerId(text: string): { name: string; number: string } {
  const [, name, number] = /^\s*(.*?)\s*<([^<>]*)>\s*$/s.exec(text) ?? [];
  if (number !== undefined) return { name: unquoted(name ?? ''), number: number.trim() };
  const alone = text.trim();
  return /^[0-9*#+\-(). ]+$/.test(alone) ? { name: '', number: alone } : { name: unquoted(alone), number: '' };
}

function unquoted(text: string): string {
  const [, inside] = /^"(.*)"$/s.exec(text) ?? [];
  return inside === undefined ? text : inside.replace(/\\(.)/g, '$1');
}
