/** Why the kernel sent a RST: the reasons that a beginner meets; `enum sk_rst_reason` of the kernel has more. */
const words: Readonly<Record<string, string>> = {
  NO_SOCKET: 'nobody listens on that port',
  TCP_ABORT_ON_CLOSE: 'the process closed the socket with data in it unread',
  TCP_ABORT_ON_DATA: 'data came for a socket that the process has closed',
  TCP_ABORT_ON_LINGER: 'the process closed the socket without waiting (SO_LINGER 0)',
  TCP_ABORT_ON_MEMORY: 'too many sockets without a process, or too little memory for them',
  TCP_DISCONNECT_WITH_DATA: 'the process disconnected with data still to be sent',
  TCP_KEEPALIVE_TIMEOUT: 'the other side answered no keepalive',
  TCP_STATE: 'the socket was closed in the middle of the conversation',
  TCP_TIMEWAIT_SOCKET: 'the conversation is over, its socket is in TIME_WAIT',
  NOT_SPECIFIED: 'the kernel gives no reason',
};

/** `verdict`: "REASON in tcp_send_reset". */
export function resetWords(verdict = 'NOT_SPECIFIED'): string {
  const reason = verdict.replace(/ in .*/, '');
  return Object.hasOwn(words, reason) ? words[reason]! : reason;
}
