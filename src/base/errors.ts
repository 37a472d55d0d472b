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
  COLLECTOR_STUCK: {
    exit: 1,
    hint: 'run it again; from the daemon: tracer follow --standalone does without, starting the daemon anew helps it',
  },
  FILTER_FULL: { exit: 1, hint: 'end another follow first, or follow something wider instead of several' },
  DAEMON_RUNNING: { exit: 1, hint: 'use that one, or give this one another --socket and --port' },
  DAEMON_GONE: { exit: 1, hint: 'tracer daemon starts it; tracer follow --standalone does without' },
  COMMAND_START: { exit: 1, hint: 'check the command after --: does it exist on this host?' },
  LAB_EXISTS: {
    exit: 1,
    hint: 'tracer lab down removes it; tracer lab up --name OTHER makes another beside it',
  },
  LAB_NOT_UP: { exit: 1, hint: 'tracer lab up starts the practice cluster' },
  LAB_FAILED: { exit: 1, hint: 'tracer lab down cleans up whatever was made; then try again' },
  LAB_TOOL: { exit: 1, hint: 'npm run setup installs what is missing' },
  KUBECONFIG: {
    exit: 1,
    hint: 'kubectl config view shows what is in it; --kubeconfig FILE and --context NAME choose another',
  },
  CLUSTER_UNREACHABLE: { exit: 1, hint: 'does kubectl get nodes answer with the same file and context?' },
  CLUSTER_REFUSED: {
    exit: 1,
    hint: 'log in again, or give the user what packaging/rbac.yaml says; kubectl auth can-i list pods -A asks',
  },
  CAPTURE_START: {
    exit: 1,
    hint: 'tcpdump is needed (package tcpdump), and root; its own words are above',
  },
  CAPTURE_FILE: { exit: 1, hint: 'check the path and its permissions' },
  CAPTURE_FACTS: {
    exit: 2,
    hint: '--host DIR has DIR/PLACE/link.json, as `ip -d -j link` prints it there; --kube FILE is what `kubectl get … -o json` printed',
  },
  CAPTURE_FORMAT: { exit: 1, hint: 'classic pcap is read, as tcpdump -w writes it' },
  SESSION_FILE: { exit: 1, hint: 'check the path, its permissions and the room on that disk' },
  SESSION_FORMAT: { exit: 1, hint: 'is this a .tracer session file?' },
  NO_SESSION: { exit: 1, hint: 'tracer follow makes one; -r FILE reads a recording' },
  UNKNOWN_JOURNEY: { exit: 1, hint: 'its number stands before each packet that tracer follow prints' },
  LISTEN: { exit: 1, hint: 'is another daemon running? --port and --socket choose another place' },
  NOT_LIVE: { exit: 1, hint: 'tracer daemon follows live packets, on a page of its own' },
  TOKEN_WANTED: {
    exit: 1,
    hint: 'send Authorization: Bearer with the text of /run/tracer/token, or of the file beside its --socket',
  },
  FORBIDDEN: {
    exit: 1,
    hint: 'call the daemon by the address that it printed, from its own page or from none',
  },
  NOT_FOUND: { exit: 1, hint: 'GET /api/journeys and /api/flows list what is kept' },
  METHOD_NOT_ALLOWED: { exit: 1, hint: 'docs/api.md lists what each route takes' },
  NOT_JSON: {
    exit: 1,
    hint: 'send Content-Type: application/json and a JSON object, {} if there is nothing to say',
  },
  TOO_LARGE: { exit: 1, hint: 'send less' },
  TOO_BUSY: { exit: 1, hint: 'try again in a moment' },
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
