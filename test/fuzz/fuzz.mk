# Fuzzing: test/fuzz/NAME.c is one target, NAME.dict its words, corpus/NAME/ its first inputs.
# `make fuzz-smoke` gives each FUZZ_SECONDS; `make fuzz-smoke T=ini FUZZ_SECONDS=3600` digs.
# What was found stays in build-fuzz/fuzz/: corpus/NAME/ and crash-NAME-*.

FUZZ_SECONDS ?= 20
FUZZERS := $(patsubst test/fuzz/%.c,%,$(sort $(wildcard test/fuzz/*.c)))
FUZZ     = BUILD=$(BUILD)-fuzz CC=clang HARDEN=-fPIE OPT="-O1 -g -fno-omit-frame-pointer \
           -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
           -Wno-unknown-warning-option"

# Some have the simulated machine behind them.
FUZZ_SIM := $(patsubst %,$(BUILD)/obj/test/sim/%.o,desk host world)
$(BUILD)/fuzz/http $(BUILD)/fuzz/rpc: FUZZ_OBJECTS := $(FUZZ_SIM)
$(BUILD)/fuzz/http $(BUILD)/fuzz/rpc: $(FUZZ_SIM)

$(BUILD)/fuzz/%: test/fuzz/%.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer -MMD -MP $(LDFLAGS) -o $@ $< $(FUZZ_OBJECTS) \
	    $(LIBRARY) $(LDLIBS)
-include $(wildcard $(BUILD)/fuzz/*.d)

.PHONY: fuzz-smoke fuzz-build
fuzz-build: $(FUZZERS:%=$(BUILD)/fuzz/%)

fuzz-smoke: ## runs each fuzz target for FUZZ_SECONDS (20)
	@scripts/install-packages build fuzz
	@$(MAKE) --no-print-directory $(PARALLEL) -k $(FUZZ) fuzz-build; \
	test/fuzz/run-targets $(BUILD)-fuzz $(FUZZ_SECONDS) '$(T)' $(FUZZERS)
