#!/bin/sh
# A Docker engine for a machine that has none: tools/engine.sh start|stop
# For tests, on a bare Debian, as root. Leaves an engine that answers already alone. Without a
# network of its own: no rule of the machine's firewall is touched, and no box needs one.
# ENGINE_FOLDER names another place for its data, socket and process id (default: Docker's own).
set -eu

folder=${ENGINE_FOLDER:-}
socket=${folder:+$folder/docker.sock}
socket=${socket:-/var/run/docker.sock}
pid_file=${folder:+$folder/docker.pid}
pid_file=${pid_file:-/var/run/docker.pid}
log=${folder:-/var/log}/palio-engine.log

say() { printf 'palio: %s\n' "$*" >&2; }

answers() {
    python3 - "$socket" <<'PYTHON' 2>/dev/null
import http.client, socket, sys
call = http.client.HTTPConnection("engine", timeout=5)
call.sock = socket.socket(socket.AF_UNIX)
call.sock.settimeout(5)
call.sock.connect(sys.argv[1])
call.request("GET", "/_ping")
sys.exit(call.getresponse().read() != b"OK")
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
    setsid dockerd "$@" >"$log" 2>&1 </dev/null &
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
}

case "${1:-}" in
start | stop) "$1" ;;
*)
    say "usage: tools/engine.sh start|stop"
    exit 2
    ;;
esac
