/** The ports of `net.rtpPorts`, handed in to whoever describes media to a far end. */
export interface RtpPortPool {
  /** An even port that is bound already, as is the one after it for RTCP; undefined when all are taken. */
  allot(): number | undefined;
  /** The call is over. Nobody gets the port for a while, so that what is still on its way meets no other call. */
  free(port: number): void;
}
