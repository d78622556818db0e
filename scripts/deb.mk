# `make deb` builds the Debian package from a copy of the checkout in BUILD/deb: nothing of what
# debhelper makes is left among the sources.

DEB          := $(BUILD)/deb
DEB_VERSION  ?= $(VERSION)
DEB_SOURCES  := Makefile VERSION LICENSE README.md CHANGELOG.md conf.d debian man scripts supervisor \
                test units

# The package has the version of the checkout, and no history of its own.
define deb-changelog
mainstay ($(DEB_VERSION)) unstable; urgency=medium

  * See CHANGELOG.md.

 -- the mainstay authors <authors@mainstay.invalid>  $(shell date -uR -r CHANGELOG.md)
endef
export DEB_CHANGELOG = $(deb-changelog)

.PHONY: deb
deb: ## builds the Debian package in BUILD/deb
	@scripts/install-packages build deb
	@rm -rf $(DEB) && mkdir -p $(DEB)/mainstay
	@cp -a $(DEB_SOURCES) $(DEB)/mainstay/
	@echo "$$DEB_CHANGELOG" >$(DEB)/mainstay/debian/changelog
	@cd $(DEB)/mainstay && env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS -u BUILD -u PREFIX -u DESTDIR \
	    dpkg-buildpackage --build=binary --unsigned-changes >../log 2>&1 || \
	    { tail -n 40 ../log; echo "the package could not be built: see $(DEB)/log" >&2; false; }
	@rm -rf $(DEB)/mainstay
	@ls $(DEB)/*.deb
