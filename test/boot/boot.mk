# The root of a Debian 13 for boot tests: its systemd, and the libraries that our programs need.
# Made when a test asks for it (box.sh), from the mirror that apt has for this machine.
DEBIAN13 := $(BUILD)/test/debian13
DEBIAN13_PACKAGES := systemd systemd-sysv dbus procps util-linux libuv1t64 libinih1 libjansson4 \
    libmicrohttpd12t64 libexpat1 libedit2 libcurl4t64

$(DEBIAN13)/made: test/boot/boot.mk
	@mkdir -p $(@D)
	@rm -rf $(DEBIAN13)/root
	@mmdebstrap --quiet --variant=essential --aptopt='Acquire::Retries "3"' \
	    --aptopt='Apt::Install-Recommends "false"' $(DEBIAN13_PACKAGES:%=--include=%) \
	    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
	    --dpkgopt='path-exclude=/usr/share/locale/*' trixie $(DEBIAN13)/root \
	    "$$(. /etc/os-release && apt-get indextargets --format '$$(REPO_URI)' \
	        'Created-By: Packages' "Codename: $$VERSION_CODENAME" 'Component: main' | head -n 1)" \
	    >$(@D)/log 2>&1 || { cat $(@D)/log; echo "there is no Debian 13 to be had" >&2; false; }
	@touch $@
