# Starts a registry for the scripts beside this file; sourced by them.
#
# Sets WORK (a folder that goes at the end) and ENDPOINT, and gives start_registry [FOLDER] [HOST=URL]...

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

expect() {
    wanted=$1
    shift
    answer=$("$@" 2>&1) || true
    case $answer in
    *"$wanted"*) echo "ok: $wanted" ;;
    *)
        echo "failed: $* answered: $answer (wanted $wanted)"
        exit 1
        ;;
    esac
}
