/** The configuration of an office as an Asterisk of its own had it: two telephones, a town line, a SIP phone, head office. */
export interface OfficeNames {
  /** The address that its Asterisk listened on. */
  readonly bind: string;
  readonly headOffice: string;
  readonly secret: string;
}

export const PHONE_SECRET = 'secret-of-phone-211';

export function wholeOffice({ bind, headOffice, secret }: OfficeNames): Record<string, string> {
  return {
    'asterisk.conf': '[options]\nsystemname = branch-1\n',
    'indications.conf': '[general]\ncountry=fr\n',
    'rtp.conf': '[general]\nrtpstart=10000\nrtpend=10099\n',
    'iax.conf': `; IAX2 to head office
[general]
bindport = 4569
bindaddr = ${bind}
bandwidth = low
disallow = all            ; first nothing
allow = ulaw
allow = alaw
jitterbuffer = yes
forcejitterbuffer = no
autokill = yes
register => branch1:${secret}@${headOffice}

[trusted](!)
auth = md5
requirecalltoken = yes
deny = 0.0.0.0/0.0.0.0

[hq](trusted)
type = friend
host = ${headOffice}
username = branch1
secret = ${secret}
context = from-hq
permit = ${headOffice}/255.255.255.255
qualify = yes
qualifyfreqok = 2000
trunk = no
mailbox = 200@default
`,
    'sip.conf': `[general]
context = unauthenticated
bindaddr = ${bind}
bindport = 5060
allowguest = no
disallow = all
allow = alaw,ulaw

[desk](!)
type = friend
host = dynamic
context = office
qualify = yes
nat = no
dtmfmode = rfc2833

[211](desk)
secret = ${PHONE_SECRET}
callerid = "Reception" <211>
mailbox = 211@default
`,
    'chan_dahdi.conf': `[trunkgroups]

[channels]
usecallerid = yes
callwaiting = yes
threewaycalling = yes
echocancel = yes
#include dahdi-channels.conf
`,
    'dahdi-channels.conf': `; as dahdi_genconf writes it
signalling = fxo_ks
callerid = "Front desk" <201>
group = 5
context = office
channel => 1
callerid = "Back room" <202>
channel => 2
signalling = fxs_ks
callerid = asreceived
group = 0
context = from-pstn
channel => 4
`,
    'extensions.conf': `[general]
static = yes
writeprotect = no
autofallthrough = yes

[globals]
HQ = IAX2/hq
TOWN = DAHDI/g0

[office]
; our own telephones
exten => 201,1,Dial(DAHDI/1,20,tT)
exten => 201,n,VoiceMail(201@default,u)
exten => 202,1,Dial(DAHDI/2,20,tT)
exten => 211,hint,SIP/211
exten => 211,1,Dial(SIP/211,20)
 same => n,GotoIf($["\${DIALSTATUS}" = "BUSY"]?busy:gone)
 same => n(busy),Busy(5)
 same => n(gone),Congestion(5)
; head office, else the town
exten => _7XXX,1,Set(NUMBER=\${EXTEN:1})
 same => n,CustomBilling(\${EXTEN})
 same => n,Dial(\${HQ}/\${NUMBER},30)
 same => n,Dial(DAHDI/g0/\${NUMBER},30)
 same => n,Congestion()
exten => _0X.,1,Dial(\${TOWN}/\${EXTEN:1},60)
exten => 112,1,Dial(DAHDI/4/112)
#include "extensions_custom.conf"
exten => 250,1,Queue(desk,t,,,20)

[from-hq]
exten => _2XX,1,Goto(office,\${EXTEN},1)

[from-pstn]
exten => s,1,Dial(DAHDI/1&DAHDI/2,30)
`,
    'extensions_custom.conf': 'exten => 600,1,MeetMe(600)\n',
    'meetme.conf': '[rooms]\nconf => 600,4711\n',
    'queues.conf': '[desk]\nstrategy = ringall\nmember => DAHDI/1\nmember => SIP/211\n',
    'features.conf': '[general]\npickupexten = *8\n',
  };
}
