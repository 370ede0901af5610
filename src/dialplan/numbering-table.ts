/** How numbers of a country's public network are dialled from inside it. */
export interface NumberingRow {
  /** The country code. [E.164] */
  readonly code: string;
  /** What stands before a number of another country; every known one, also those that are seldom used. */
  readonly international: readonly string[];
  /** What stands before an area code. */
  readonly national: readonly string[];
  /** From so many digits on, a number has its area code with it; undefined where `national` alone says so. */
  readonly nationalLength?: number;
  /** Chooses a carrier; the number proper stands behind it. */
  readonly carrier?: RegExp;
}

/**
 * The countries that the lines have profiles of. Source: each country's national numbering plan as presented to the ITU
 * (E.129, E.164 annexed list of dialling procedures).
 */
export const NUMBERING_TABLE = {
  at: { code: '43', international: ['00'], national: ['0'], carrier: /^10\d{2}/ },
  au: { code: '61', international: ['001'], national: ['0', '1'], carrier: /^14\d{2}(?=0)/ },
  be: { code: '32', international: ['00'], national: ['0'] },
  br: { code: '55', international: ['00'], national: ['0'], nationalLength: 10 },
  ch: { code: '41', international: ['00'], national: ['0'], carrier: /^107\d{2}/ },
  cn: { code: '86', international: ['00'], national: ['0'], carrier: /^179\d{2}/ },
  de: { code: '49', international: ['00'], national: ['0'], carrier: /^010(?:0\d{2}|[1-9]\d)/ },
  dk: { code: '45', international: ['00'], national: [], nationalLength: 8 },
  es: { code: '34', international: ['00'], national: [], nationalLength: 9, carrier: /^10\d{2}(?=[06-9])/ },
  fi: { code: '358', international: ['00', '99'], national: ['0'] },
  fr: { code: '33', international: ['00'], national: ['0'], nationalLength: 10 },
  gb: { code: '44', international: ['00'], national: ['0'], carrier: /^1(?:28|6)\d{2}(?=0)/ },
  il: { code: '972', international: ['00', '01'], national: ['0', '1'] },
  in: { code: '91', international: ['00'], national: ['0'], nationalLength: 10 },
  it: { code: '39', international: ['00'], national: ['0', '3', '8'], carrier: /^10\d{2}(?=[038])/ },
  jp: { code: '81', international: ['010', '00'], national: ['0'] },
  mx: { code: '52', international: ['00'], national: ['01', '04'], nationalLength: 10 },
  nl: { code: '31', international: ['00'], national: ['0'], carrier: /^16\d{2}(?=0)/ },
  no: { code: '47', international: ['00'], national: [], nationalLength: 8, carrier: /^15\d{2}(?=[02-9])/ },
  nz: { code: '64', international: ['00'], national: ['0'], carrier: /^05\d(?=0)/ },
  pl: { code: '48', international: ['00'], national: ['0'], nationalLength: 9, carrier: /^10\d{2}(?=0)/ },
  pt: { code: '351', international: ['00'], national: [], nationalLength: 9, carrier: /^10\d{2}(?=[02-9])/ },
  ru: { code: '7', international: ['810'], national: ['8'], nationalLength: 10 },
  se: { code: '46', international: ['00'], national: ['0'], carrier: /^95\d{2,3}(?=0)/ },
  us: { code: '1', international: ['011', '01', '00'], national: ['1', '0'], nationalLength: 10, carrier: /^101\d{4}/ },
  za: { code: '27', international: ['00', '09'], national: ['0'] },
} as const satisfies Readonly<Record<string, NumberingRow>>;

/** Area codes behind country code 1 that are not in the United States: dialled like a national call, and no such. [NANPA] */
export const NANP_ABROAD: ReadonlySet<string> = new Set(
  [
    // Canada
    '204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 403 416 418 428 431 437 438 450 460 468 474 506 514 519',
    '548 579 581 584 587 600 604 613 622 633 639 644 647 655 672 677 683 688 705 709 742 753 778 780 782 807 819 825 867 873',
    '879 902 905 942',
    // The Caribbean and Bermuda
    '242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876',
  ].flatMap((codes) => codes.split(' ')),
);
