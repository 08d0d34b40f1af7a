# shellcheck shell=bash
# Debian packages by purpose. Sourced by quickstart.sh and check.sh.

# shellcheck disable=SC2034
PACKAGES_BUILD="build-essential autoconf automake pkg-config
    libmicrohttpd-dev libxml2-dev libical-dev libcurl4-openssl-dev libcjson-dev
    libsqlite3-dev libssl-dev libinih-dev libqrencode-dev zlib1g-dev libsystemd-dev
    libunistring-dev libwslay-dev libprotobuf-c-dev protobuf-c-compiler libcmocka-dev
    tzdata ca-certificates curl python3"

# shellcheck disable=SC2034
PACKAGES_TEST="git xz-utils python3-pytest python3-pytest-xdist
    python3-requests python3-dateutil python3-icalendar python3-caldav
    litmus vdirsyncer khal cadaver thunderbird xvfb xauth
    evolution-data-server gir1.2-ecal-2.0 python3-gi dbus-daemon"

# Runs as root, or through sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs what is missing; asks the package lists only when something is.
install_packages() {
    local missing=""
    for package in "$@"; do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok'; then
            missing="$missing $package"
        fi
    done
    [ -n "$missing" ] || return 0
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -qq
    # shellcheck disable=SC2086
    as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
