#!/bin/sh
# The first process of the guest: `init.sh SHARE`. It sets the machine up, runs SHARE/command, and turns the machine off.
# Of the machine below nothing is mounted to be written to but the folder SHARE.
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
trap 'echo o > /proc/sysrq-trigger; sleep 60' EXIT
share=$1

mount -n -t proc proc /proc
mount -n -t tmpfs -o size=90% memory /mnt
mkdir -p /mnt/modules/lib /mnt/above /mnt/work /mnt/root
ln -s /usr/lib/uml/modules /mnt/modules/lib/modules
modprobe -d /mnt/modules overlay
mount -n -t overlay -o lowerdir=/,upperdir=/mnt/above,workdir=/mnt/work machine /mnt/root
mkdir -p /mnt/root/below
cd /mnt/root
pivot_root . below
cd /
mount -n --move /below/proc /proc
mount -n --move /below/dev /dev
umount -n -l /below
rmdir /below

mount -n -t sysfs sysfs /sys
mount -n -t cgroup2 cgroup2 /sys/fs/cgroup
echo "+cpu +memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
mkdir -p /dev/pts /dev/shm
mount -n -t devpts devpts /dev/pts
mount -n -t tmpfs -o mode=1777 memory /dev/shm
mount -n -t tmpfs -o mode=755 memory /run
mount -n -t hostfs -o "$share" share "$share"
ip link set lo up

# This kernel tells nothing of its processor, and without that the kubelet does not start.
mount -n -t tmpfs processor /sys/devices/system
processor=/sys/devices/system/cpu/cpu0
mkdir -p $processor/cpufreq $processor/topology
echo 1000000 > $processor/cpufreq/cpuinfo_max_freq
echo 0 | tee $processor/topology/core_id $processor/topology/physical_package_id > /sys/devices/system/cpu/online

# It filters packets by the older of the two ways that iptables knows.
mkdir -p /lib/modules
ln -s "/usr/lib/uml/modules/$(uname -r)" "/lib/modules/$(uname -r)"
for table in filter nat mangle raw; do modprobe iptable_$table; modprobe ip6table_$table; done
for module in veth bridge br_netfilter nf_conntrack xt_set; do modprobe $module; done
modprobe dummy numdummies=0
mount -n --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi

# What was read of the machine below is held open there until it is forgotten here: at most 20,000 files (kernel.py).
while sleep 1; do
  known=$(cut -f 1 /proc/sys/fs/dentry-state)
  test "$known" -lt 15000 || echo 2 > /proc/sys/vm/drop_caches
done &

"$share/command" && status=0 || status=$?
echo $status > "$share/status"
