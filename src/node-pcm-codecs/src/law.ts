/** The two companding laws of ITU-T G.711. */
export type Law = 'ulaw' | 'alaw';

/** The code of a zero sample: what a silent channel carries. [G.711 tables 1a, 2a] */
export const SILENCE: Readonly<Record<Law, number>> = { ulaw: 0xff, alaw: 0xd5 };

/**
 * Peak, in 16-bit units, of a sine at 0 dBm0. A sine that just reaches the overload point of µ-law (8159 of 13 bits) has
 * +3.17 dBm0, of A-law (4096 of 12 bits) +3.14 dBm0. [G.711 §4]
 */
export const PEAK_AT_0_DBM0: Readonly<Record<Law, number>> = {
  ulaw: (8159 * 4) / 10 ** (3.17 / 20),
  alaw: (4096 * 8) / 10 ** (3.14 / 20),
};

/** The laws as numbers, where they lie in memory. */
export const LAW_CODE: Readonly<Record<Law, number>> = { ulaw: 0, alaw: 1 };
