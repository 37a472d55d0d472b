/** What the system says of a file, in words. */
const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  ENOSPC: 'no room is left on that disk',
  EROFS: 'that disk is read-only',
  EISDIR: 'it is a directory',
  ENOTDIR: 'it is no directory',
  EDQUOT: 'the quota is used up',
};

export function systemWords(error: unknown): string {
  const { code, message } = error as Error & { readonly code?: string };
  return words[code ?? ''] ?? message;
}
