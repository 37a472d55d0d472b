/** Commands as text that a shell takes for exactly these words. Names of devices and namespaces may hold nearly anything. */

/** What no shell looks at twice; a word may not begin with "~" or hold a space, quote, "$", "*", … */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** Control characters would steer the reader's terminal; `$'…'` is read by bash, zsh and, since POSIX 2024, sh. */
const CONTROL = /\p{Cc}/u;

export function shellWord(word: string): string {
  if (PLAIN.test(word)) return word;
  if (!CONTROL.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  const inside = [...word].map(char => {
    if (char === '\\' || char === "'") return `\\${char}`;
    return CONTROL.test(char) ? bytesOf(char) : char;
  });
  return `$'${inside.join('')}'`;
}

/** Three octal digits a byte end by themselves, unlike hexadecimal ones. */
function bytesOf(char: string): string {
  const bytes = [...new TextEncoder().encode(char)];
  return bytes.map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

/** The words of such a line, each still quoted: where it may be broken. */
export function shellParts(line: string): string[] {
  return line.match(/(?:\$'(?:\\.|[^'\\])*'|'[^']*'|\\.|[^\s'\\])+/gs) ?? [];
}
