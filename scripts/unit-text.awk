# Prints a unit of units/ for one PREFIX and one version of systemd: see scripts/install.mk.
{
    gsub("/usr/local/sbin/mainstay", prefix "/sbin/mainstay")
    gsub("/usr/local/bin/mainstay", prefix "/bin/mainstay")
}
/^#since [0-9]+: / {
    if (version + 0 < $2 + 0)
        next
    sub(/^#since [0-9]+: /, "")
}
{ print }
