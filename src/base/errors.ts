/**
 * Every failure that a user can meet, in one registry: a code, the exit code (CONTRACT 7) and what to do about it.
 * `docs/errors.md` describes each code; a test holds the two against each other.
 */
export const errorRegistry = {
  USAGE: { exit: 2, hint: 'tracer --help lists commands and options' },
  UNKNOWN_NAME: { exit: 2, hint: 'tracer ls lists what can be named' },
  AMBIGUOUS_NAME: { exit: 2, hint: 'name it in full, e.g. ns/pod, svc/x or netns:NAME' },
  NOT_ROOT: { exit: 1, hint: 'run it with sudo: loading eBPF programs and entering namespaces need root' },
  NO_BTF: {
    exit: 1,
    hint: 'this kernel has no /sys/kernel/btf/vmlinux; tracer needs CONFIG_DEBUG_INFO_BTF=y',
  },
  NOT_BUILT: { exit: 1, hint: 'run npm run setup, which builds bpf/ and src/' },
  COLLECTOR_START: { exit: 1, hint: 'tracer doctor says what this kernel allows' },
  COLLECTOR_DIED: { exit: 1, hint: 'what was seen before is kept; run the same command again' },
  COMMAND_START: { exit: 1, hint: 'check the command after --: does it exist on this host?' },
  LAB_EXISTS: {
    exit: 1,
    hint: 'tracer lab down removes it; tracer lab up --name OTHER makes another beside it',
  },
  LAB_NOT_UP: { exit: 1, hint: 'tracer lab up starts the practice cluster' },
  LAB_FAILED: { exit: 1, hint: 'tracer lab down cleans up whatever was made; then try again' },
  LAB_TOOL: { exit: 1, hint: 'npm run setup installs what is missing' },
  SESSION_FORMAT: { exit: 1, hint: 'is this a .tracer session file?' },
  INTERNAL: { exit: 1, hint: 'this is a bug in tracer; please report it with the text above' },
} as const;

export type ErrorCode = keyof typeof errorRegistry;

/** A failure that was foreseen: printed as message and hint, without a stack. */
export class TracerError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TracerError';
    this.code = code;
    this.hint = options.hint ?? errorRegistry[code].hint;
  }

  /** Process exit code, CONTRACT 7. */
  get exitCode(): number {
    return errorRegistry[this.code].exit;
  }
}
