#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The first process of a guest. Puts together a root file system: the host's, read-only, under a file system in memory
# that takes the changes. Runs /job in it, with its output on the second serial port; its exit code goes to the third.
/bin/busybox mkdir -p /dev /proc /sys /host /changes /root
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin

fail() {
	echo "guest: $1" >/dev/ttyS0
	poweroff -f
}

stty -F /dev/ttyS1 raw -echo
stty -F /dev/ttyS2 raw -echo
while read -r module; do
	insmod "/modules/$module" || fail "cannot load module $module"
done </modules/order

mount -t virtiofs -o ro host /host || fail "cannot mount the host's root"
mount -t tmpfs -o mode=755 changes /changes
mkdir /changes/upper /changes/work
mount -t overlay -o lowerdir=/host,upperdir=/changes/upper,workdir=/changes/work root /root ||
	fail "cannot mount the root file system"
mount -t proc proc /root/proc
mount -t sysfs sys /root/sys
mount -t devtmpfs dev /root/dev
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts pts /root/dev/pts
mount -t tmpfs shm /root/dev/shm
mount -t tmpfs -o mode=755 run /root/run
mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
mount -t bpf bpf /root/sys/fs/bpf
ip link set lo up

# Through a pipe: programs that write to a terminal draw on it. In a session of its own, to end what it left behind.
cp /job /root/run/job
mkfifo /output
cat /output >/dev/ttyS1 &
setsid chroot /root /bin/sh /run/job </dev/null >/output 2>&1
code=$?
killall5 -9
wait
echo $code >/dev/ttyS2
poweroff -f
