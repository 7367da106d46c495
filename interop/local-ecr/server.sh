# Starts a registry for the scripts beside this file; sourced by them.
#
# Sets WORK (a folder that goes at the end) and ENDPOINT, and gives start_registry [FOLDER] [HOST=URL]..., expect TEXT
# COMMAND..., check NAME COMMAND..., need PROGRAM... and report CLIENT, which prints the one line of a script.

set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
while [ ! -f "$HERE/Cargo.toml" ]; do HERE=$(dirname "$HERE"); done
WORK=$(mktemp -d)
REGISTRY_PID=
UPSTREAM_PID=
finish() {
    for pid in $REGISTRY_PID $UPSTREAM_PID; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$WORK"
}
trap finish EXIT

export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1

python_with() {
    python3 -m venv "$WORK/venv"
    "$WORK/venv/bin/pip" -q install "$@"
}

start_registry() {
    (cd "$HERE" && cargo build -q --example serve -p omics-ecr-local-ecr)
    "$HERE/target/debug/examples/serve" 0 "$@" >"$WORK/endpoint" &
    REGISTRY_PID=$!
    for _ in $(seq 100); do
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
    name=$1
    shift
    if "$@" >"$WORK/check.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $name: $(tail -3 "$WORK/check.log")"
    fi
}

report() {
    echo "$1: $passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}

# Ends with a line that says what was skipped and why, unless all programs are there.
need() {
    for program in "$@"; do
        command -v "$program" >/dev/null || {
            echo "$(basename "$0"): 0 passed, 0 failed, 1 skipped: $program is not installed"
            exit 0
        }
    done
}
