import { closest } from '../base/closest.ts';
import { ARGUMENT_READERS } from './application-arguments.ts';
import { PURE_APPLICATIONS } from './pure-applications.ts';

/**
 * Which applications the switch performs in this version. Whoever teaches the switch another one sets it to true: until
 * then its use is a warning when a dialplan is loaded, and it is passed over when a call comes to it.
 */
export const PERFORMED: Readonly<Record<string, boolean>> = {
  Answer: true,
  BackGround: false,
  Busy: true,
  CallForward: true,
  ConfBridge: true,
  Congestion: true,
  Dial: true,
  DoNotDisturb: true,
  Echo: true,
  Hangup: true,
  MeetMe: true,
  Milliwatt: true,
  MusicOnHold: false,
  Park: true,
  ParkedCall: true,
  Pickup: true,
  Playback: false,
  PlayTones: true,
  Proceeding: true,
  Progress: true,
  Read: true,
  Ringing: true,
  SendDTMF: true,
  SendText: true,
  StopPlayTones: true,
  Transfer: false,
  VoiceMail: false,
  Wait: true,
  WaitExten: true,
};

/** Applications of Asterisk, old and new, that nobody here performs. */
const UNAVAILABLE =
  'ADSIProg AELSub AGI AMD AddQueueMember AgentLogin AgentRequest AlarmReceiver AttendedTransfer AudioSocket ' +
  'Authenticate BackgroundDetect BlindTransfer Bridge BridgeAdd BridgeWait Broadcast CELGenUserEvent ' +
  'CallCompletionCancel CallCompletionRequest ChanIsAvail ChanSpy ChangeMonitor ChannelRedirect ConfKick ' +
  'ControlPlayback DAHDIAcceptR2Call DAHDIRAS DAHDIScan DAHDISendCallreroutingFacility DAHDISendKeypadFacility ' +
  'DBdeltree DISA DateTime DeadAGI Dictate Directory DumpChan EAGI ExtenSpy ExternalIVR FastAGI Festival Flash ' +
  'FollowMe ForkCDR GetCPEID HangupCauseClear IAX2Provision ICES IVRDemo JACK JabberJoin JabberLeave JabberSend ' +
  'JabberSendGroup JabberStatus MP3Player MailboxExists MeetMeAdmin MeetMeChannelAdmin MeetMeCount MessageSend ' +
  'MinivmAccMess MinivmDelete MinivmGreet MinivmMWI MinivmNotify MinivmRecord MixMonitor Monitor Morsecode NBScat ' +
  'NoCDR ODBCFinish ODBC_Commit ODBC_Rollback Originate PJSIPHangup PJSIPNotify Page ParkAndAnnounce PauseMonitor ' +
  'PauseQueueMember PickupChan PrivacyManager Queue QueueLog QueueUpdate ReadExten ReceiveFAX ReceiveMF ReceiveSF ' +
  'ReceiveText Record Reload RemoveQueueMember ResetCDR RetryDial SIPAddHeader SIPDtmfMode SIPRemoveHeader ' +
  'SIPSendCustomINFO SLAStation SLATrunk SMS SayAlpha SayAlphaCase SayCountedAdj SayCountedNoun SayDigits SayMoney ' +
  'SayNumber SayOrdinal SayPhonetic SayUnixTime SendFAX SendImage SendMF SendSF SendURL SetAMAFlags SetAccount ' +
  'Signal SoftHangup SpeechActivateGrammar SpeechBackground SpeechCreate SpeechDeactivateGrammar SpeechDestroy ' +
  'SpeechLoadGrammar SpeechProcessingSound SpeechStart SpeechUnloadGrammar StartMusicOnHold Stasis ' +
  'StasisBroadcast StatsD StopMixMonitor StopMonitor StopMusicOnHold StoreDTMF StreamEcho System TestClient ' +
  'TestServer ToneScan TrySystem UnpauseMonitor UnpauseQueueMember UserEvent VMAuthenticate VMSayName ' +
  'VoiceMailMain VoiceMailPlayMsg WaitDigit WaitForCondition WaitForNoise WaitForRing WaitForSignal ' +
  'WaitForSilence WaitForTone WaitMusicOnHold WaitUntil Zapateller';

export interface Application {
  /** As Asterisk spells it. */
  readonly name: string;
  /** `dialplan`: done inside, without the switch. */
  readonly kind: 'dialplan' | 'switch';
  readonly available: boolean;
}

const APPLICATIONS = new Map<string, Application>();
for (const name of UNAVAILABLE.split(' ')) add({ name, kind: 'switch', available: false });
for (const [name, available] of Object.entries(PERFORMED)) add({ name, kind: 'switch', available });
for (const name of PURE_APPLICATIONS.keys()) add({ name, kind: 'dialplan', available: true });

function add(application: Application): void {
  APPLICATIONS.set(application.name.toLowerCase(), application);
}

/** The application of this name; case does not count. */
export function findApplication(name: string): Application | undefined {
  return APPLICATIONS.get(name.toLowerCase());
}

/** What an unknown name was probably meant to be. */
export function closestApplication(name: string): string | undefined {
  return closest(
    name,
    [...APPLICATIONS.values()].map((application) => application.name),
  );
}

/** Whether the arguments of an application of the switch are read into an action of their own. */
export function isTyped(name: string): boolean {
  return ARGUMENT_READERS.has(name.toLowerCase());
}
