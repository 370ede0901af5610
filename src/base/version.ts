/** `major.minor.patch`, with what a pre-release adds; what a build adds behind `+` is not part of a name. [SemVer 2.0.0 §9] */
export const VERSION_PATTERN = /^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** Below 0 if `a` is older than `b`, 0 if they rank alike; both match `VERSION_PATTERN`. [SemVer 2.0.0 §11] */
export function compareVersions(a: string, b: string): number {
  const [aCore, aPre] = partsOf(a);
  const [bCore, bPre] = partsOf(b);
  const core = compareLists(aCore, bCore);
  if (core !== 0) return core;
  // A release is newer than what led to it.
  if (aPre.length === 0 || bPre.length === 0) return bPre.length - aPre.length;
  return compareLists(aPre, bPre);
}

function partsOf(version: string): readonly [core: string[], preRelease: string[]] {
  const dash = version.indexOf('-');
  if (dash === -1) return [version.split('.'), []];
  return [version.slice(0, dash).split('.'), version.slice(dash + 1).split('.')];
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareIdentifiers(part, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Numbers by their value and before words, words as ASCII sorts them. */
function compareIdentifiers(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (aIsNumber && bIsNumber) return Number(a) - Number(b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
