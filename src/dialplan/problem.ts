/** What is wrong with a dialplan, and where. Lines and columns count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  /** One sentence without a final stop, free of secrets. */
  readonly message: string;
  /** What would be right instead, where that can be told. */
  readonly allowed?: string;
}
