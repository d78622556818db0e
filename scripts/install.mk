# `make install` puts everything below DESTDIR and PREFIX, `make uninstall` takes it away again.

SBINDIR := $(PREFIX)/sbin
BINDIR  := $(PREFIX)/bin
MANDIR  := $(PREFIX)/share/man
UNITDIR := $(PREFIX)/lib/systemd/system
CONFDIR := /etc/mainstay

UNITS   := $(sort $(wildcard units/*.service units/*.socket units/*.timer units/*.target))
PAGES   := $(sort $(wildcard man/*.[1-8]))
page-target = $(MANDIR)/man$(patsubst .%,%,$(suffix $1))/$(notdir $1)

# The units of this folder name the default PREFIX: $(call unit-text,FILE,PREFIX) prints one
# with another.
unit-text = sed 's,/usr/local/\(s\?bin\)/mainstay,$2/\1/mainstay,g' $1

INSTALLED := $(SBINDIR)/mainstayd $(addprefix $(BINDIR)/,$(filter-out mainstayd,$(PROGRAMS))) \
             $(foreach m,$(PAGES),$(call page-target,$m)) $(addprefix $(UNITDIR)/,$(notdir $(UNITS)))
OUR_CONF  := units/mainstay.conf
THE_CONF   = $(DESTDIR)$(CONFDIR)/mainstay.conf

.PHONY: install uninstall
install: $(BINARIES) ## installs below DESTDIR and PREFIX; keeps a configuration that is there
	@install -d $(addprefix $(DESTDIR),$(SBINDIR) $(BINDIR) $(UNITDIR) $(CONFDIR)/conf.d)
	@install -m 755 $(BUILD)/mainstayd $(DESTDIR)$(SBINDIR)/
	@install -m 755 $(filter-out %/mainstayd,$(BINARIES)) $(DESTDIR)$(BINDIR)/
	@$(foreach m,$(PAGES),install -D -m 644 $m $(DESTDIR)$(call page-target,$m) &&) true
	@$(foreach u,$(UNITS),$(call unit-text,$u,$(PREFIX)) >$(DESTDIR)$(UNITDIR)/$(notdir $u) && \
	    chmod 644 $(DESTDIR)$(UNITDIR)/$(notdir $u) &&) true
	@[ -e $(THE_CONF) ] || install -m 644 $(OUR_CONF) $(THE_CONF)

uninstall: ## removes what install has put there; keeps a configuration that was changed
	@rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	@if cmp -s $(OUR_CONF) $(THE_CONF); then rm -f $(THE_CONF); fi
	@rmdir $(DESTDIR)$(CONFDIR)/conf.d $(DESTDIR)$(CONFDIR) 2>/dev/null || true
