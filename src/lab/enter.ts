/**
 * The command line that runs a command inside a pod: in its network namespace, with its name as host name, and with
 * its own /etc/resolv.conf, /etc/hosts and /etc/nsswitch.conf, bound over the machine's in a private mount namespace.
 * (`ip netns exec` would want these files under /etc/netns, that is: changes of the machine's /etc.)
 */
import { netnsPath } from './commands.ts';

export interface EnterTarget {
  /** `ip netns` name, or an absolute path such as /proc/PID/ns/net. */
  readonly netns: string;
  readonly hostname?: string;
  /** Folder whose `resolv.conf`, `hosts` and `nsswitch.conf` replace those of /etc. */
  readonly etc?: string;
  /** Or by name what is to be read in them: those of a container cannot be bound from here. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whom the command runs as; absent = root. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/**
 * $1 = folder for /etc or "-", $2 = host name or "-", $3 = how many files follow, each by name and text, then the command. A file that
 * the machine does not have cannot be bound over and is left out. Texts lie in a tmpfs that is over /tmp for that moment alone. /sys is
 * mounted anew because it shows the namespace that it was mounted in. Without -n, util-linux's mount would leave a folder /run/mount behind.
 */
const script = `etc=$1; name=$2; files=$3; shift 3
if [ "$etc" != - ]; then
  for file in resolv.conf hosts nsswitch.conf; do
    [ -e "/etc/$file" ] || continue
    mount -n --bind "$etc/$file" "/etc/$file" || exit 126
  done
fi
if [ "$files" -gt 0 ]; then
  mount -n -t tmpfs -o mode=755 tmpfs /tmp || exit 126
  while [ "$files" -gt 0 ]; do
    printf %s "$2" > "/tmp/$1"
    [ ! -e "/etc/$1" ] || mount -n --bind "/tmp/$1" "/etc/$1" || exit 126
    files=$((files - 1)); shift 2
  done
  umount -n -l /tmp
fi
[ "$name" = - ] || echo "$name" > /proc/sys/kernel/hostname
mount -n -t sysfs -o ro sysfs /sys 2>/dev/null
exec "$@"`;

/**
 * Argument list for any process API. Every step replaces the one before, so the process that is started becomes the
 * command itself: its pid, signals and exit code are the command's.
 */
export function enterArgv(target: EnterTarget, argv: readonly string[]): [string, ...string[]] {
  const { user, files = {} } = target;
  const asUser =
    user === undefined
      ? []
      : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups', '--'];
  return [
    'nsenter',
    `--net=${target.netns.startsWith('/') ? target.netns : netnsPath(target.netns)}`,
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
    String(Object.keys(files).length),
    ...Object.entries(files).flat(),
    ...asUser,
    ...argv,
  ];
}
