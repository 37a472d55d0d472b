/**
 * Text that somebody else chose (a device's name, a process's, a name in a DNS packet) without the characters that would steer the
 * reader's terminal.
 */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd');
}
