/** What is true of a model of telephony HAT, as far as software has to know it. */
export interface HatModel {
  readonly name: string;
  /** Sockets, numbered from 1. */
  readonly ports: number;
  /** One beside each socket, numbered as the sockets. */
  readonly leds: number;
  /** The keys of the keypad by their legend, in the order of their key codes. */
  readonly keys: readonly string[];
  readonly sampleRateHz: number;
  /** Samples of one line in one audio frame of the link. */
  readonly blockSamples: number;
  /** Audio frames that the HAT holds back before it plays the first. */
  readonly prefillBlocks: number;
  readonly baud: number;
}

/** The board whose description and firmware lie in this folder. */
export const BRANCHLINE_HAT: HatModel = {
  name: 'branchline-hat-4',
  ports: 4,
  leds: 4,
  keys: ['1', '2', '3', 'A', '4', '5', '6', 'B', '7', '8', '9', 'C', '*', '0', '#', 'D'],
  sampleRateHz: 8000,
  blockSamples: 80,
  prefillBlocks: 2,
  baud: 1_000_000,
};
