#!/usr/bin/env bash
# From a fresh Debian machine to a running bridge.
#
#   contrib/quickstart.sh           install, build and start; without a Feishu app, a demo
#   contrib/quickstart.sh --build   install and build only (program: build/feishu-caldav)
#
# The demo runs the bundled simulator of Feishu beside the bridge; all of it listens on this
# machine alone, lives in build/demo and ends with Ctrl-C.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build
# shellcheck source=contrib/packages.sh
. "$top/contrib/packages.sh"

case "${1:-}" in
"" | --build) ;;
--help | -h) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
*) echo "quickstart.sh: unknown option $1 (try --help)" >&2; exit 2 ;;
esac

say() { printf '%s\n' "$*" >&2; }

build_all() {
    say "Installing what the build needs ..."
    # shellcheck disable=SC2086
    install_packages $PACKAGES_BUILD
    say "Building into build/ ..."
    [ -x "$top/configure" ] || (cd "$top" && autoreconf -fi >"$top/autoreconf.log" 2>&1) ||
        { cat "$top/autoreconf.log" >&2; exit 1; }
    rm -f "$top/autoreconf.log"
    mkdir -p "$build"
    cd "$build"
    [ -f Makefile ] || "$top/configure" --quiet PYTHON3=/usr/bin/python3
    make -s -j"$(nproc)" >make.log 2>&1 || { tail -n 40 make.log >&2; exit 1; }
}

# True when a Feishu app is configured by environment or file. A configuration with a mistake in
# it says so, and is not mistaken for none.
app_configured() {
    local effective
    effective=$("$build/feishu-caldav" config) || exit 1
    grep -q '^feishu\.app-id = .' <<<"$effective"
}

# wait_for SECONDS COMMAND...: tries until the command succeeds.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

port_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

first_free_port() {
    local port=$1
    until port_free "$port"; do port=$((port + 1)); done
    echo "$port"
}

account_name() {
    "$build/feishu-caldav" user list --json |
        python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["name"])'
}

start_demo() {
    local demo=$build/demo name password port upstream
    rm -rf "$demo"
    mkdir -p "$demo"
    "$build/feishu-sim" --scenario "$top/tests/feishu-sim/scenarios/demo.json" \
        --port-file "$demo/sim.port" >"$demo/sim.log" 2>&1 &
    sim=$!
    wait_for 10 test -s "$demo/sim.port" || { cat "$demo/sim.log" >&2; exit 1; }
    port=$(first_free_port 5280)
    upstream=http://127.0.0.1:$(cat "$demo/sim.port")
    export FEISHU_CALDAV_FEISHU_APP_ID=cli_sim0000000000000 FEISHU_CALDAV_FEISHU_APP_SECRET=secret
    export FEISHU_CALDAV_FEISHU_BASE_URL=$upstream FEISHU_CALDAV_FEISHU_ACCOUNTS_URL=$upstream
    export FEISHU_CALDAV_STORE_PATH=$demo/store.db
    export FEISHU_CALDAV_SYNC_POLL_INTERVAL=5
    export FEISHU_CALDAV_SERVER_LISTEN=127.0.0.1:$port
    "$build/feishu-caldav" serve 2>"$demo/bridge.log" &
    bridge=$!
    wait_for 10 curl -fs "http://127.0.0.1:$port/healthz" || { cat "$demo/bridge.log" >&2; exit 1; }
    curl -s -o /dev/null -L "http://127.0.0.1:$port/login"
    name=$(account_name)
    "$build/feishu-caldav" sync "$name" >/dev/null
    password=$("$build/feishu-caldav" user password "$name" --label demo)
    cat <<TEXT

The demo is running. In Thunderbird: New Calendar, On the Network, then

  URL        http://127.0.0.1:$port/
  User name  $name
  Password   $password

Account page:       http://127.0.0.1:$port/
Feishu's side:      $upstream/_sim/state
Logs and store:     $demo
Press Ctrl-C to stop.
TEXT
}

stop_demo() {
    trap - EXIT INT TERM
    [ -z "${bridge:-}" ] || kill "$bridge" 2>/dev/null || true
    [ -z "${sim:-}" ] || kill "$sim" 2>/dev/null || true
    wait
}

build_all
[ "${1:-}" != --build ] || exit 0
if app_configured; then
    exec "$build/feishu-caldav" serve
fi
say "No Feishu app is configured: starting the demo."
trap stop_demo EXIT
trap 'exit 0' INT TERM
start_demo
wait "$bridge"
