/* What the Asterisks of the benchmarks have in common. */

/** The beginning of iax.conf: µ-law alone, no buffer, as many calls as there are. */
export const IAX_GENERAL = `[general]
bindaddr=@BIND@
disallow=all
allow=ulaw
jitterbuffer=no
maxcallnumbers=16384
`;

/** It logs what is wrong, no more. */
export const FAULTS_ONLY = '[general]\n[logfiles]\nfull => warning,error';

/** manager.conf: calls are placed by `bench`. */
export const MANAGER =
  '[general]\nenabled=yes\nbindaddr=@BIND@\nport=5038\n[bench]\nsecret=bench\nread=call\nwrite=originate,call';
