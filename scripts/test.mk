# Running the tests. `make check` is all of them; each kind alone: `make unit`, `make sim`, ...;
# `make scenario T=reload` only those whose name contains or globs T.

KINDS          := unit sim scenario compat boot
TESTS_unit      = $(UNIT_TESTS)
TESTS_sim       = $(SIM_TESTS)
TESTS_scenario := $(sort $(filter-out %.mk,$(wildcard test/scenario/[0-9]*)))
TESTS_compat   := $(sort $(shell find test/compat -maxdepth 1 -type f -executable 2>/dev/null))
TESTS_boot     := $(sort $(filter-out %.mk,$(wildcard test/boot/[0-9]*)))

# Tests in C: a binary each.
$(BUILD)/test/%: test/%.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(LIBRARY) $(LDLIBS) -lcmocka

-include $(wildcard $(BUILD)/test/*/*.d)

# What a kind of test needs built: the daemon's programs for all that runs them.
NEEDS_unit      = $(TESTS_unit)
NEEDS_sim       = $(TESTS_sim)
NEEDS_scenario  = $(BINARIES)
NEEDS_compat    = $(BINARIES) $(COMPAT_PROGRAMS)
NEEDS_boot      = $(BINARIES)

# The second make is another process, because pkg-config must see what was just installed.
# A build that fails goes on where it can and counts as one failure.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
define run-tests
@scripts/install-packages build test
@broken=; $(MAKE) --no-print-directory $(PARALLEL) -k $2 test-build RUN="$1" || \
    broken="the build failed"; \
$(MAKE) --no-print-directory $2 test-run RUN="$1" BROKEN="$$broken"
endef

.PHONY: test-build test-run
test-build: $(foreach kind,$(RUN),$(NEEDS_$(kind)))
test-run:
	@scripts/run-tests --build $(BUILD) --match '$(T)' --slow $(or $(SLOW),1) --again $(or $(AGAIN),0) \
	    --broken '$(BROKEN)' $(foreach kind,$(RUN),$(TESTS_$(kind)))

.PHONY: check
check: ## builds and runs every test; ends with `N passed, N failed`
	$(call run-tests,$(KINDS),WERROR=-Werror)

.PHONY: $(KINDS)
unit: ## runs the unit tests
sim: ## runs the engine on the simulated host
scenario: ## runs the real daemon through short scripts
compat: ## compares with Supervisor, and with its clients
boot: ## runs under a real systemd as PID 1
$(KINDS):
	$(call run-tests,$@)

# Under this name, too: the tables of what was measured are in what it prints. Where no box can run
# each test fails with the reason.
.PHONY: boot-check
boot-check: boot ## the same as boot

# Time limits are wider: the sanitizers slow everything down. Their runtimes are linked in, so
# that both write into the one file that the runner looks for: what a process reports whose
# output nobody reads is a failure too.
ASAN = BUILD=$(BUILD)-asan HARDEN= WERROR=-Werror SLOW=3 OPT="-O1 -g -fno-omit-frame-pointer \
       -fsanitize=address,undefined -fno-sanitize-recover=all -static-libasan -static-libubsan"

.PHONY: asan
asan: ## the same tests but boot, with address and undefined-behaviour sanitizers
	$(call run-tests,$(filter-out boot,$(KINDS)),$(ASAN))
