# The linters. `make lint` runs them all and ends with `N passed, N failed`; each alone is
# `make lint-tidy` and so on. Stamps in $(BUILD)/lint make a second run quick.

LINTERS := format layers tidy cppcheck shell units man
LINT    := $(BUILD)/lint
ALL_C   := $(sort $(shell find supervisor test -name '*.c'))
ALL_H   := $(sort $(shell find supervisor test -name '*.h'))
SCRIPTS := $(shell find scripts test units debian .ci -type f -not -path '*/node_modules/*' \
             -exec grep -lEm1 '^\#!(/usr)?/bin/(env )?(ba)?sh' {} + 2>/dev/null | sort)

.PHONY: lint $(LINTERS:%=lint-%)
lint: ## runs every linter; ends with `N passed, N failed`
	@scripts/install-packages build test lint
	@passed=0; failed=0; for linter in $(LINTERS); do \
	    if $(MAKE) --no-print-directory -k -j2 lint-$$linter; \
	    then echo "  ok lint-$$linter"; passed=$$((passed + 1)); \
	    else echo "FAIL lint-$$linter"; failed=$$((failed + 1)); fi; done; \
	echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]

lint-format: $(LINT)/format
$(LINT)/format: $(ALL_C) $(ALL_H) .clang-format
	@mkdir -p $(@D)
	@clang-format --dry-run -Werror $(ALL_C) $(ALL_H)
	@touch $@

lint-layers:
	@scripts/check-layers

# One stamp a file, renewed when a header that it includes has changed.
lint-tidy: $(ALL_C:%=$(LINT)/%.tidy)
TIDY_FLAGS = $(STD) $(CPPFLAGS)
$(LINT)/%.c.tidy: %.c .clang-tidy test/.clang-tidy
	@mkdir -p $(@D)
	@clang $(TIDY_FLAGS) -MM -MP -MT $@ -MF $@.d $<
	@clang-tidy --quiet $< -- $(TIDY_FLAGS) >$@.log 2>&1 || { cat $@.log; false; }
	@touch $@
-include $(shell find $(LINT) -name '*.tidy.d' 2>/dev/null)

# cppcheck keeps what it knows of unchanged files in its own folder.
lint-cppcheck:
	@mkdir -p $(LINT)/cppcheck
	@cppcheck --quiet -j2 --std=c11 --enable=warning,performance,portability --error-exitcode=1 \
	    --inline-suppr --suppress='*:/usr/include/*' --cppcheck-build-dir=$(LINT)/cppcheck \
	    $(filter-out -DMAINSTAY%,$(CPPFLAGS)) -DMAINSTAY_VERSION='""' $(ALL_C)

lint-shell: $(LINT)/shell
$(LINT)/shell: $(SCRIPTS)
	@mkdir -p $(@D)
	@shellcheck $(SCRIPTS)
	@touch $@

# systemd looks for the programs, so the units are checked as installed. What it ignores it only
# says: that is a failure too.
lint-units: $(UNITS)
	@mkdir -p $(LINT)/units $(LINT)/sbin $(LINT)/bin
	@$(foreach u,$(UNITS),$(call unit-text,$u,$(abspath $(LINT))) >$(LINT)/$u &&) true
	@for p in $(PROGRAMS); do for d in sbin bin; do ln -sf /bin/true $(LINT)/$$d/$$p; done; done
	@said=$$(systemd-analyze verify --man=no $(addprefix $(LINT)/,$(UNITS)) 2>&1) && \
	    [ -z "$$said" ] || { echo "$$said"; false; }

lint-man: $(PAGES)
	@$(if $(PAGES),mandoc -Tlint -Wwarning $(PAGES),echo "  (there is no manual page yet)")
