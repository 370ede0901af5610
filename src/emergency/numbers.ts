/**
 * The emergency numbers of each country, as its telephone network routes them: police, fire, ambulance, rescue at sea and
 * in the mountains, and what the regulator lists beside them. The country's presentation under ITU-T E.129 and the
 * national text that each row names are the source; where a number was withdrawn but is still dialled out of habit and
 * still routed (mx 066, ru 01, se 90000), it stands here as well: reaching help by an old number is no fault.
 *
 * at KEM-V 2009 · au Numbering Plan 2015 · be Royal Decree 2 Feb 2007 · br Anatel Resolução 749 · ch FDV Art. 27 · cn MIIT
 * numbering plan · de Notrufverordnung · dk the Danish numbering plan · es Real Decreto 2296/2004 · fi Traficom 32 ·
 * fr Arcep 2002-1179 as amended · gb Ofcom National Telephone Numbering Plan · il MoC, E.129 · in DoT National Numbering
 * Plan 2003 and 112 · it AGCOM 8/15/CIR · jp MIC designation of numbers · mx IFT, 911 since 2017 · nl Nummerplan telefoon ·
 * no Nkom, E.164 plan · nz NAD · pl Prawo telekomunikacyjne, numery alarmowe · pt ANACOM · ru Order 268 and 112-FZ ·
 * se PTS numbering plan · us 47 CFR 9, NENA for the test number · za ICASA Numbering Plan Regulations 2016 §17
 */
export const EMERGENCY_NUMBERS = {
  at: ['112', '122', '128', '133', '140', '141', '142', '144', '147'],
  au: ['000', '106', '112'],
  be: ['100', '101', '112'],
  br: ['112', '128', '185', '190', '191', '192', '193', '194', '197', '198', '199', '911'],
  ch: ['112', '117', '118', '143', '144', '145', '147', '1414'],
  cn: ['110', '119', '120', '122', '12395'],
  de: ['110', '112'],
  dk: ['112', '114'],
  es: ['061', '062', '080', '085', '088', '091', '092', '112'],
  fi: ['112'],
  fr: ['15', '17', '18', '112', '114', '115', '119', '191', '196', '197', '116000'],
  gb: ['112', '999', '18000'],
  il: ['100', '101', '102', '112'],
  in: ['100', '101', '102', '108', '112'],
  it: ['112', '113', '114', '115', '117', '118', '1515', '1530'],
  jp: ['110', '118', '119'],
  mx: ['060', '061', '065', '066', '068', '080', '911'],
  nl: ['112'],
  no: ['110', '112', '113', '1412'],
  nz: ['111'],
  pl: ['112', '984', '985', '986', '987', '991', '992', '993', '994', '997', '998', '999'],
  pt: ['112', '115', '117'],
  ru: ['01', '02', '03', '04', '101', '102', '103', '104', '112'],
  se: ['112', '90000'],
  us: ['911'],
  za: ['107', '112', '10111', '10177'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Numbers that go the way of an emergency call as far as a machine that says where the call came out. [NENA-STA-010] */
export const TEST_NUMBERS: Readonly<Partial<Record<keyof typeof EMERGENCY_NUMBERS, readonly string[]>>> = {
  us: ['933'],
};
