/**
 * `net->net_cookie` of namespaces, the identity that the collector reports. Node can neither enter a namespace nor ask
 * a socket for SO_NETNS_COOKIE (5.14), and the system's Perl can do both by system call number. Where it is missing,
 * or the numbers of the processor are not known, the cookies are left out: names and inodes still match.
 */
import { execa } from 'execa';
import { netnsPath, toolPath } from './commands.ts';

/** setns, socket, getsockopt. */
const callNumbers: Readonly<Record<string, readonly [number, number, number]>> = {
  x64: [308, 41, 55],
  arm64: [268, 198, 209],
};

// 0x40000000 = CLONE_NEWNET; AF_UNIX, SOCK_STREAM = 1, 1; SOL_SOCKET, SO_NETNS_COOKIE = 1, 71.
const script = `my ($setns, $socket, $getsockopt) = splice @ARGV, 0, 3;
for my $path (@ARGV) {
  open(my $file, '<', $path) or next;
  syscall($setns + 0, fileno($file), 0x40000000) == 0 or next;
  my $fd = syscall($socket + 0, 1, 1, 0);
  my ($cookie, $len) = ("\\0" x 8, pack('L', 8));
  print "$path ", unpack('Q', $cookie), "\\n" if syscall($getsockopt + 0, $fd, 1, 71, $cookie, $len) == 0;
}`;

/** By name below /run/netns. */
export async function readNetnsCookies(namespaces: readonly string[]): Promise<Map<string, string>> {
  const cookies = await cookiesAt(namespaces.map(netnsPath));
  return new Map([...cookies].map(([path, cookie]) => [path.slice(path.lastIndexOf('/') + 1), cookie]));
}

/** By path, such as /proc/PID/ns/net. */
export async function cookiesAt(paths: readonly string[]): Promise<Map<string, string>> {
  const numbers = callNumbers[process.arch];
  const cookies = new Map<string, string>();
  if (numbers === undefined) return cookies;
  const result = await execa('perl', ['-e', script, ...numbers.map(String), ...paths], {
    reject: false,
    env: { PATH: toolPath, LC_ALL: 'C' },
  });
  for (const line of result.stdout.split('\n')) {
    const [path, cookie] = line.split(' ');
    if (path !== undefined && cookie !== undefined) cookies.set(path, cookie);
  }
  return cookies;
}
