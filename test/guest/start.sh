# The first program of a guest: what a booted system has and a test needs, the tests, and the end. Runs in the guest, as root, with
# ROOT, NODE and MODULES set by run.ts, which reads what is left in /guest.
PATH=${NODE%/*}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH HOME=/root NO_COLOR=1 LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /lib/modules
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tracefs trace /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t tmpfs run /run
mkdir -p "/lib/modules/$(uname -r)"
mount --bind "$MODULES" "/lib/modules/$(uname -r)"
# What a node with pods has loaded.
modprobe -a br_netfilter nf_conntrack
ip link set lo up
echo "guest: Linux $(uname -r) is up after $(cut -d ' ' -f 1 /proc/uptime) s"
cd "$ROOT" || exit
TRACER_TEST_SUMMARY=/guest/summary "$NODE" --disable-warning=ExperimentalWarning node_modules/vitest/vitest.mjs run \
  --configLoader native --config build/guest/vitest.guest.config.js "$@" 2>&1 | tee /guest/output
dmesg >/guest/dmesg
cut -d . -f 1 /proc/uptime >/guest/seconds
sync
echo o >/proc/sysrq-trigger
sleep 60
