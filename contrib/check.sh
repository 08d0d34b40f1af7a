#!/usr/bin/env bash
# Installs what the tests need and runs them all: units, golden pairs, checks of the house, plays,
# outside judges, the sanitizer builds and make distcheck. Ends with "N passed, N failed".
#
#   contrib/check.sh           everything
#   contrib/check.sh --quick   units, checks and plays of one plain build
# shellcheck disable=SC2317  # step calls functions by name
set -uo pipefail

case "${1:-}" in
"" | --quick) ;;
--help | -h) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
*) echo "check.sh: unknown option $1 (try --help)" >&2; exit 2 ;;
esac

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=contrib/packages.sh
. "$top/contrib/packages.sh"
export PYTHON3=/usr/bin/python3 PYTHONDONTWRITEBYTECODE=1
export TSAN_OPTIONS="second_deadlock_stack=1 report_thread_leaks=0"
work=$(mktemp -d "${TMPDIR:-/tmp}/feishu-caldav-check.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
stage=
times=

# Ends the stage before, notes how long it took, and begins the next.
say() { # say NAME
    [ -z "$stage" ] || times+=$(printf '%5ds  %s' $((SECONDS - began)) "$stage")$'\n'
    stage=$1
    began=$SECONDS
    [ -z "$stage" ] || printf '\n== %s\n' "$stage"
}

count() { # count PASSED FAILED
    passed=$((passed + $1))
    failed=$((failed + $2))
}

# One step that passes or fails as a whole; its output is shown when it fails.
step() { # step NAME COMMAND...
    local name=$1 log=$work/step.log
    shift
    say "$name"
    if "$@" >"$log" 2>&1; then
        count 1 0
    else
        tail -n 60 "$log"
        echo "FAILED: $name"
        count 0 1
        return 1
    fi
}

install_all() {
    # shellcheck disable=SC2086
    install_packages $PACKAGES_BUILD $PACKAGES_TEST || return 1
    # A machine may have Node.js from elsewhere.
    if ! command -v npm >/dev/null; then install_packages nodejs npm; fi
}

# An implementation of RFC 8188 that shares nothing with ours reads what is pushed.
install_http_ece() {
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work/http_ece" \
        http_ece@1.2.1 &&
        export HTTP_ECE_DIR=$work/http_ece
}

build() { # build DIR CONFIGURE-OPTIONS...
    local dir=$work/$1
    shift
    mkdir -p "$dir" && cd "$dir" &&
        "$top/configure" --quiet --enable-werror PYTHON3="$PYTHON3" "$@" &&
        make -s -j"$(nproc)" && make -s -j"$(nproc)" check TESTS=
}

# What threads meet in: the programs, and the units that start threads.
threads=$(printf 'tests/unit/%s ' base_cache bridge_lock feishu_budget store_open store_threads)
build_threads() { # build_threads DIR
    mkdir -p "$work/$1" && cd "$work/$1" &&
        "$top/configure" --quiet --enable-werror --enable-tsan --enable-test-hooks \
            PYTHON3="$PYTHON3" &&
        xargs make -s -j"$(nproc)" feishu-caldav feishu-sim <<<"$threads"
}

# Units, golden pairs and the checks of the house; counts each cmocka test.
units() { # units DIR MAKE-ARGUMENTS...
    local log=$work/units.log ok bad
    say "make check in $1"
    cd "$work/$1" || return
    make -s -j"$(nproc)" "${@:2}" check >"$log" 2>&1
    local rc=$?
    ok=$(cat tests/*/*.log 2>/dev/null | grep -c '^\[       OK \]')
    bad=$(cat tests/*/*.log 2>/dev/null | grep '^\[  FAILED  \] [^0-9]' | sort -u | wc -l)
    # Programs that are one test each, and those of cmocka, whose tests are counted above.
    ok=$((ok + $(sed -n 's/^# PASS: *//p' "$log" | tail -n 1)))
    ok=$((ok - $(grep -l '^\[  PASSED  \]' tests/*/*.log 2>/dev/null | wc -l)))
    [ "$rc" = 0 ] || [ "$bad" != 0 ] || bad=1
    [ "$rc" = 0 ] || { grep -E '^(FAIL|ERROR):' "$log"; cat tests/*/*.log | grep -B 20 FAILED | tail -n 60; }
    echo "$ok passed, $bad failed"
    count "$ok" "$bad"
}

number_of() { # number_of WORD LINE: the number before the word, 0 when it is not there
    grep -oE "[0-9]+ $1\b" <<<"$2" | grep -oE '[0-9]+' || echo 0
}

# Four at once even on two cores: most of the time they wait for something.
plays() { # plays DIR PYTEST-ARGUMENTS...
    local log=$work/plays.log
    say "plays in $1"
    cd "$top" || return
    BUILD_DIR=$work/$1 "$PYTHON3" -m pytest -q -p no:cacheprovider -n 4 "${@:2}" >"$log" 2>&1
    local rc=$? last ok bad
    last=$(tail -n 1 "$log")
    ok=$(number_of passed "$last")
    bad=$(($(number_of failed "$last") + $(number_of 'errors?' "$last")))
    [ "$rc" = 0 ] || [ "$bad" != 0 ] || bad=1
    [ "$rc" = 0 ] || tail -n 120 "$log"
    echo "$last"
    count "$ok" "$bad"
}

finish() {
    say ""
    printf '\n%s%5ds  in all\n' "$times" "$SECONDS"
    printf '\n%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
    exit
}

# Whole runs of the judges leave their results here.
export COMPAT_RESULTS=$work/judges
mkdir -p "$COMPAT_RESULTS"
judges_table() { "$PYTHON3" "$top/contrib/compat/summary.py" "$COMPAT_RESULTS" --check "$top/README.md"; }

step "install packages" install_all || finish
step "install http_ece" install_http_ece
step "autoreconf" sh -c "cd '$top' && autoreconf -fi" || finish
# The hooks let plays kill the program at any moment; make distcheck builds without them.
step "build" build plain --enable-test-hooks || finish
units plain
if [ "${1:-}" = --quick ]; then
    plays plain "$top/tests/plays"
    step "table of the judges" judges_table
    finish
fi
# Clients of others, and plays that go through everything that can happen at every moment: not
# under a sanitizer.
apart=("$top"/tests/plays/test_{compat_*,crash,crashes,every_fault,memory,outage,year}.py)
plays plain "${apart[@]}"
step "table of the judges" judges_table
if step "sanitizer build" build san --enable-asan --enable-ubsan --enable-test-hooks; then
    units san
    plays san "$top/tests/plays" "${apart[@]/#/--ignore=}"
fi
if step "thread sanitizer build" build_threads tsan; then
    units tsan check_PROGRAMS= TESTS="$threads"
    plays tsan "$top"/tests/plays/test_{push_callback,writers}.py
fi
step "make distcheck" make -s -j"$(nproc)" -C "$work/plain" distcheck
finish
