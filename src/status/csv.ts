/** A line of CSV, without its end. [RFC4180 §2] */
export function formatCsvLine(cells: readonly (string | number | null | undefined)[]): string {
  return cells.map(formatCell).join(',');
}

function formatCell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  // A number or name comes from whoever calls: a spreadsheet must not take it for a formula.
  const text = /^(?!\+\d+$)[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
