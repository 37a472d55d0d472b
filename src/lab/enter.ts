/**
 * The command line that runs a command inside a pod: in its network namespace, with its name as host name, and with
 * its own /etc/resolv.conf, /etc/hosts and /etc/nsswitch.conf, bound over the machine's in a private mount namespace.
 * (`ip netns exec` would want these files under /etc/netns, that is: changes of the machine's /etc.)
 */
import { netnsPath } from './commands.ts';

export interface EnterTarget {
  /** `ip netns` name. */
  readonly netns: string;
  readonly hostname?: string;
  /** Folder whose `resolv.conf`, `hosts` and `nsswitch.conf` replace those of /etc. */
  readonly etc?: string;
  /** Whom the command runs as; absent = root. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/**
 * $1 = folder for /etc or "-", $2 = host name or "-", then the command. A file that the machine does not have cannot be
 * bound over and is left out. /sys is mounted anew because it shows the namespace that it was mounted in.
 * Without -n, util-linux's mount would leave a folder /run/mount behind.
 */
const script = `etc=$1; name=$2; shift 2
if [ "$etc" != - ]; then
  for file in resolv.conf hosts nsswitch.conf; do
    [ -e "/etc/$file" ] || continue
    mount -n --bind "$etc/$file" "/etc/$file" || exit 126
  done
fi
[ "$name" = - ] || echo "$name" > /proc/sys/kernel/hostname
mount -n -t sysfs -o ro sysfs /sys 2>/dev/null
exec "$@"`;

/**
 * Argument list for any process API. Every step replaces the one before, so the process that is started becomes the
 * command itself: its pid, signals and exit code are the command's.
 */
export function enterArgv(target: EnterTarget, argv: readonly string[]): [string, ...string[]] {
  const { user } = target;
  const asUser =
    user === undefined
      ? []
      : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups', '--'];
  return [
    'nsenter',
    `--net=${netnsPath(target.netns)}`,
    '--',
    'unshare',
    '--mount',
    '--uts',
    // Not private: the machine's unmounts reach the pods too, so that they keep nothing busy.
    '--propagation=slave',
    '--',
    'sh',
    '-c',
    script,
    'tracer-lab',
    target.etc ?? '-',
    target.hostname ?? '-',
    ...asUser,
    ...argv,
  ];
}
