# Sourced by boot tests: `. "$ROOT/test/boot/box.sh"`.
# shellcheck shell=bash

systemd_version() { chroot "${BOX_ROOT:-/}" systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p'; }

# debian13: makes the next boxes with its root, and systemd 257. The first test that asks for it
# makes it, which takes half a minute and the network.
debian13() {
    flock "$BUILD/test/debian13.lock" \
        make --no-print-directory -C "$ROOT" BUILD="$BUILD" "$BUILD/test/debian13/made"
    export BOX_ROOT=$BUILD/test/debian13/root
}

# box [OPTION...] -- COMMAND...: systemd-box, with mainstay installed in it as `make install`
# does: programs, units, and /etc/mainstay, which is ./etc here when the test has made one.
# Nothing is enabled or started. What COMMAND writes to /box/out is in ./out afterwards, and
# the box's journal in ./out/journal.txt. The working folder is there under its own name.
# inside.sh is in it, with what the insides of boxes have in common. BOX_ROOT: another root than
# this machine's.
box() {
    local -a binds=()
    local file
    if [ "${BOX_ROOT-}" ]; then binds+=(--root="$BOX_ROOT"); fi
    make --no-print-directory -C "$ROOT" BUILD="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr/local \
        SYSTEMD_VERSION="$(systemd_version)" install >install.log 2>&1 || { cat install.log; return 1; }
    if [ -d etc ]; then
        rm -rf root/etc/mainstay
        cp -r etc root/etc/mainstay
    fi
    binds+=(--bind "$PWD/root/etc/mainstay:/etc/mainstay")
    for file in root/usr/local/{sbin,bin}/*; do
        binds+=(--bind "$PWD/$file:/${file#root/}")
    done
    for file in root/usr/local/lib/systemd/system/*; do
        if [ -e "$file" ]; then binds+=(--unit "$PWD/$file"); fi
    done
    mkdir -p out
    cp "$ROOT/test/boot/inside.sh" .
    "$ROOT/test/boot/systemd-box" --output out "${binds[@]}" "$@"
}
