# Sourced by boot tests: `. "$ROOT/test/boot/box.sh"`.
# shellcheck shell=bash

# box [OPTION...] -- COMMAND...: systemd-box, with mainstay installed in it as `make install`
# does: programs, units, and /etc/mainstay, which is ./etc here when the test has made one.
# Nothing is enabled or started. What COMMAND writes to /box/out is in ./out afterwards, and
# the box's journal in ./out/journal.txt. The working folder is there under its own name.
box() {
    local -a binds=()
    local file
    make --no-print-directory -C "$ROOT" BUILD="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr/local \
        install >install.log 2>&1 || { cat install.log; return 1; }
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
    "$ROOT/test/boot/systemd-box" --output out "${binds[@]}" "$@"
}
