#!/usr/bin/env bash
# The client against a real envd, the daemon of E2B's sandboxes: SPAWNAI_ENVD_BINARY names one. It must run as root, so it gets
# namespaces of its own for mounts, processes and network, and a file system made for it: nothing of the machine can change, and
# nothing but the test can reach it.
set -eu

if [ -z "${SPAWNAI_ENVD_BINARY:-}" ]; then
    echo "skipped: SPAWNAI_ENVD_BINARY names no envd (opt-in)"
    exit 77
fi

# --- outside: into the namespaces ---------------------------------------------------------------------------------------------
if [ "${1:-}" != inside ]; then
    # Who asked for it wants to hear what is missing.
    [ -x "$SPAWNAI_ENVD_BINARY" ] || { echo "SPAWNAI_ENVD_BINARY is no program: $SPAWNAI_ENVD_BINARY"; exit 1; }
    [ "$(id -u)" = 0 ] || { echo "a real envd needs root"; exit 1; }
    for tool in unshare pivot_root ip; do
        command -v "$tool" >/dev/null || { echo "$tool is missing"; exit 1; }
    done
    exec unshare --mount --pid --net --fork --kill-child --propagation private \
        "$BASH" "$0" inside "$(realpath "$SPAWNAI_ENVD_BINARY")" "$SPAWNAI_REAL_ENVD_TEST"
fi

# --- inside -------------------------------------------------------------------------------------------------------------------
declare -A programs=([envd]=$2 [client]=$3)
# A place for the new root that is there on every machine and that nothing below is taken from.
mount -t tmpfs -o mode=755,size=1g tmpfs /run
cd /run
mkdir -p etc proc run tmp home/user root small dev/pts dev/shm test old usr
for name in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$name" ]; then
        cp -P "/$name" .
    elif [ -d "/$name" ]; then
        mkdir "$name"
        mount --bind -o ro "/$name" "$name"
    fi
done
mount --bind -o ro /usr usr
for name in alternatives ld.so.cache ld.so.conf ld.so.conf.d profile bash.bashrc; do
    [ ! -e "/etc/$name" ] || cp -a "/etc/$name" etc/
done
printf 'root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\n' >etc/passwd
printf 'root:x:0:\nuser:x:1000:\n' >etc/group
chmod 1777 tmp dev/shm
chown 1000:1000 home/user
mount -t tmpfs -o mode=1777,size=1m tmpfs small
for name in null zero full random urandom tty; do
    touch "dev/$name"
    mount --bind "/dev/$name" "dev/$name"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t proc proc proc
for name in "${!programs[@]}"; do
    touch "test/$name"
    mount --bind "${programs[$name]}" "test/$name"
done
pivot_root . old
cd /
umount -l /old
ip link set lo up

port=49983
# What a shell starts in the background ignores Ctrl-C, and so would all that the daemon starts.
env -i --default-signal PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /test/envd -isnotfc -no-cgroups -verbose -port "$port" >/root/envd.log 2>&1 &
daemon=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 "$daemon" 2>/dev/null || { echo "envd ended at its start:"; cat /root/envd.log; exit 1; }
    sleep 0.05
done
result=0
SPAWNAI_ENVD_URL="http://127.0.0.1:$port" /test/client || result=$?
# All that runs in here ends with this shell.
[ "$result" = 0 ] || tail -n 60 /root/envd.log
exit "$result"
