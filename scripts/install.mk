# `make install` puts everything below DESTDIR and PREFIX, `make uninstall` takes it away again.

SBINDIR := $(PREFIX)/sbin
BINDIR  := $(PREFIX)/bin
MANDIR  := $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
CATALOG ?= $(PREFIX)/lib/systemd/catalog/mainstay.catalog
CONFDIR := /etc/mainstay

UNITS   := $(sort $(wildcard units/*.service units/*.socket units/*.timer units/*.target))
PAGES   := $(sort $(wildcard man/*.[1-8]))
page-target = $(MANDIR)/man$(patsubst .%,%,$(suffix $1))/$(notdir $1)

# $(call unit-text,FILE,PREFIX) prints a unit as it is installed: with this PREFIX instead of the
# default one, and with its lines `#since N: ...` taken in when systemd is N or later, else left
# out. Say `make install SYSTEMD_VERSION=257` when it is another machine's systemd.
SYSTEMD_VERSION ?= $(shell systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
unit-text = awk -v prefix=$2 -v version=$(or $(SYSTEMD_VERSION),0) -f scripts/unit-text.awk $1

INSTALLED := $(SBINDIR)/mainstayd $(addprefix $(BINDIR)/,$(filter-out mainstayd,$(PROGRAMS))) \
             $(foreach m,$(PAGES),$(call page-target,$m)) $(addprefix $(UNITDIR)/,$(notdir $(UNITS))) \
             $(CATALOG)
OUR_CONF  := units/mainstay.conf
THE_CONF   = $(DESTDIR)$(CONFDIR)/mainstay.conf

# Links under Supervisor's names: only when asked for, and never over a file that is not ours.
LINKS := supervisord:../sbin/mainstayd supervisorctl:mainstayctl
link-name   = $(DESTDIR)$(BINDIR)/$(firstword $(subst :, ,$1))
link-target = $(lastword $(subst :, ,$1))
define make-link
@if [ -e $(call link-name,$1) ] && [ "$$(readlink $(call link-name,$1))" != $(call link-target,$1) ]; \
    then echo "$(call link-name,$1) is there and not ours: remove it first" >&2; exit 1; fi
@ln -sfn $(call link-target,$1) $(call link-name,$1)

endef
define drop-link
@if [ "$$(readlink $(call link-name,$1))" = $(call link-target,$1) ]; then rm -f $(call link-name,$1); fi

endef

.PHONY: install install-links uninstall
install: $(BINARIES) ## installs below DESTDIR and PREFIX; keeps a configuration that is there
	@install -d $(addprefix $(DESTDIR),$(SBINDIR) $(BINDIR) $(UNITDIR) $(CONFDIR)/conf.d)
	@install -m 755 $(BUILD)/mainstayd $(DESTDIR)$(SBINDIR)/
	@install -m 755 $(filter-out %/mainstayd,$(BINARIES)) $(DESTDIR)$(BINDIR)/
	@$(foreach m,$(PAGES),install -D -m 644 $m $(DESTDIR)$(call page-target,$m) &&) true
	@$(foreach u,$(UNITS),$(call unit-text,$u,$(PREFIX)) >$(DESTDIR)$(UNITDIR)/$(notdir $u) && \
	    chmod 644 $(DESTDIR)$(UNITDIR)/$(notdir $u) &&) true
	@install -D -m 644 units/mainstay.catalog $(DESTDIR)$(CATALOG)
	@[ -e $(THE_CONF) ] || install -m 644 $(OUR_CONF) $(THE_CONF)

install-links: ## links supervisord and supervisorctl in PREFIX/bin to our programs
	@install -d $(DESTDIR)$(BINDIR)
	$(foreach l,$(LINKS),$(call make-link,$l))

uninstall: ## removes what install has put there; keeps a configuration that was changed
	@rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	$(foreach l,$(LINKS),$(call drop-link,$l))
	@if cmp -s $(OUR_CONF) $(THE_CONF); then rm -f $(THE_CONF); fi
	@rmdir $(DESTDIR)$(CONFDIR)/conf.d $(DESTDIR)$(CONFDIR) 2>/dev/null || true
