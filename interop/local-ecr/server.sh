# Starts a registry for the scripts that source this file; `interop/run` gives them their programs and a folder.
#
# WORK is a folder that goes at the end. Gives start_registry [FOLDER] [HOST=URL]..., which sets ENDPOINT, free_port,
# wait_for_port PORT, stop PID, expect TEXT COMMAND..., check NAME COMMAND..., skip NAME REASON, and report CLIENT, which
# prints the one line of a script.

set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
while [ ! -f "$HERE/Cargo.toml" ]; do HERE=$(dirname "$HERE"); done
[ -n "${INTEROP_RUN:-}" ] || exec "$HERE/interop/run" "$0"
STARTED=

# Ends a process and waits until it is gone.
stop() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

finish() {
    for pid in $STARTED; do stop "$pid"; done
}
trap finish EXIT

export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/nonexistent AWS_SHARED_CREDENTIALS_FILE=/nonexistent

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until a port of this machine takes connections.
wait_for_port() {
    python3 - "$1" <<'PYTHON'
import socket, sys, time

for _ in range(600):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        sys.exit()
    except OSError:
        time.sleep(0.1)
sys.exit(f"nothing listens on port {sys.argv[1]}")
PYTHON
}

start_registry() {
    rm -f "$WORK/endpoint"
    "$SERVE" 0 "$@" >"$WORK/endpoint" &
    STARTED="$STARTED $!"
    for _ in $(seq 600); do
        [ -s "$WORK/endpoint" ] && break
        sleep 0.05
    done
    ENDPOINT=$(cat "$WORK/endpoint")
    export AWS_ENDPOINT_URL=$ENDPOINT
}

passed=0
failed=0
skipped=0

# Passes when what a command says contains a text, whether or not it succeeds.
expect() {
    wanted=$1
    shift
    answer=$("$@" 2>&1) || true
    case $answer in
    *"$wanted"*) passed=$((passed + 1)) ;;
    *)
        failed=$((failed + 1))
        echo "failed: $* answered: $answer (wanted $wanted)"
        ;;
    esac
}

# Passes when a command succeeds.
check() {
    what=$1
    shift
    if "$@" >"$WORK/check.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $what: $(tail -3 "$WORK/check.log")"
    fi
}

# Counts what cannot be tried here.
skip() {
    skipped=$((skipped + 1))
    echo "skipped: $1: $2"
}

report() {
    echo "$1: $passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}

# Ends with a line that says why nothing was tried.
skip_all() {
    echo "$1: 0 passed, 0 failed, 1 skipped: $2"
    exit 0
}
