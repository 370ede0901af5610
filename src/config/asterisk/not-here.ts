/** Settings that there is nothing of here: why, and what to do instead. Several files of Asterisk have the same ones. */
export const NOT_HERE = {
  mailbox:
    'there is no voice mail here; where head office or a trunk keeps it, write `mailbox: "box@name"` of that peer or trunk',
  groups: 'calls are picked up within a context; write `features: { contexts: […], pickup: "*8" }`',
  access: 'telephones are known by their secret, wherever they are; keep others away by a firewall',
  music: 'there is no music on hold; a held party hears two beeps',
  variable: 'set the variable in the dialplan, in a context of its own',
  account: 'records of calls have no account code; they have the names of both ends',
  language: 'prompts are tones and have no language',
  tones: 'tones are those of `site.country`',
  levels: 'levels are those of the country, `site.country`',
  parkingLot: 'there is one parking lot: `features: { park: … }`',
  registeredOnly:
    'an extension that is there while somebody is registered; dial the peer or telephone, it fails at once if it is not',
  proxy: 'name the proxy as `registrar` of the trunk',
  fromDomain: 'From has the address of the registrar or of the box; `fromUser` sets its user',
  lamps: 'lamps follow the `hint` lines of the context of the telephone',
} as const;
