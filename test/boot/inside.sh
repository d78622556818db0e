# Sourced by what runs inside a box, from its working folder: `. ./inside.sh`.
# shellcheck shell=bash
set -euo pipefail

UNIT=mainstay
LIMIT=60 # seconds that anything may take

say() { echo "--- $*"; }
fail() {
    echo "FAILED: $*"
    systemctl status --no-pager --lines=20 "$UNIT" || true
    exit 1
}
expect() { "$@" || fail "not so: $*"; }
# has TEXT PATTERN
has() { grep -Eq "$2" <<<"$1" || fail "no $2 in: $1"; }
# until_ok COMMAND...: polls it.
until_ok() {
    local deadline=$((SECONDS + LIMIT))
    until "$@"; do
        [ $SECONDS -lt $deadline ] || fail "$LIMIT s without: $*"
        sleep 0.05
    done
}
# prop PROPERTY, is PROPERTY VALUE: of UNIT.
prop() { systemctl show --value --property "$1" "$UNIT"; }
is() { [ "$(prop "$1")" = "$2" ]; }
status_has() { [[ "$(prop StatusText)" == *"$1"* ]]; }

trap 'echo "failed in line $LINENO: $BASH_COMMAND"' ERR
