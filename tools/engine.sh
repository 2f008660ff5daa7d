#!/bin/sh
# A Docker engine for a machine that has none: tools/engine.sh start|stop
# For tests, on a bare Debian, as root. Leaves an engine that answers already alone. Without a
# network of its own: no rule of the machine's firewall is touched, and no box needs one.
# ENGINE_FOLDER names another place for its data, socket and process id (default: Docker's own).
set -eu

folder=${ENGINE_FOLDER:-}
socket=${folder:+$folder/docker.sock}
socket=${socket:-/var/run/docker.sock}
pid_file=${folder:-/var/run}/palio-engine.pid # not Docker's own: `stop` must not end another's
log=${folder:-/var/log}/palio-engine.log

say() { printf 'palio: %s\n' "$*" >&2; }

answers() {
    python3 - "$socket" <<'PYTHON' 2>/dev/null
import socket, sys
call = socket.socket(socket.AF_UNIX)
call.settimeout(5)
call.connect(sys.argv[1])
call.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
sys.exit(b" 200 OK" not in call.recv(100))
PYTHON
}

install() {
    command -v dockerd >/dev/null && return
    if ! command -v apt-get >/dev/null; then
        say "dockerd is missing, and this is no Debian. Install Docker: https://docs.docker.com/engine/install/"
        exit 1
    fi
    say "installing Debian's docker.io"
    # What is installed must not start services: in a chroot or a container there is no place for it.
    [ -e /usr/sbin/policy-rc.d ] || {
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io >/dev/null
}

start() {
    if answers; then
        say "a Docker engine answers at $socket"
        return
    fi
    if [ "$(id -u)" != 0 ]; then
        say "no Docker engine answers at $socket, and only root can start one: sudo tools/engine.sh start"
        exit 1
    fi
    install
    mkdir -p "$(dirname "$socket")" "$(dirname "$log")"
    rm -f "$pid_file" # of an engine that died; a living one would have answered
    set -- --host "unix://$socket" --pidfile "$pid_file" \
        --iptables=false --ip6tables=false --bridge=none
    [ -z "$folder" ] || set -- "$@" --data-root "$folder/data" --exec-root "$folder/exec"
    if awk '$5 == "/" { found = 1 } END { exit !found }' /proc/self/mountinfo; then
        set -- dockerd "$@"
    else # in a chroot: an engine needs a root that is a mount, so it gets one of its own
        mkdir -p /run/palio-root
        set -- unshare --mount --propagation unchanged sh -c \
            'mount --rbind / /run/palio-root && exec chroot /run/palio-root dockerd "$@"' sh "$@"
    fi
    setsid "$@" >"$log" 2>&1 </dev/null &
    tries=60
    while [ $tries -gt 0 ]; do
        if answers; then
            say "started a Docker engine at $socket (log: $log)"
            return
        fi
        tries=$((tries - 1))
        sleep 1
    done
    say "no Docker engine came up within a minute. The end of its log, $log:"
    tail -n 15 "$log" >&2
    exit 1
}

stop() {
    if [ ! -f "$pid_file" ]; then
        say "no engine of ours is running"
        return
    fi
    pid=$(cat "$pid_file")
    kill "$pid" 2>/dev/null || true
    tries=30
    while [ $tries -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
        tries=$((tries - 1))
        sleep 1
    done
    if kill -0 "$pid" 2>/dev/null; then
        say "the engine $pid did not stop within 30 seconds"
        exit 1
    fi
    umount -l /run/palio-root 2>/dev/null || true # where a chroot passed mounts on
}

case "${1:-}" in
start | stop) "$1" ;;
*)
    say "usage: tools/engine.sh start|stop"
    exit 2
    ;;
esac
