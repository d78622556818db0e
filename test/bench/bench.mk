# What is measured, as ratios within one run; never part of `make check`.
$(BUILD)/test/bench/%: test/bench/%.c
	@mkdir -p $(@D)
	@$(CC) -D_GNU_SOURCE -std=c17 -O2 -Wall -Wextra $(WERROR) -static -o $@ $<

# This one measures what the library does.
$(BUILD)/test/bench/agenda: $(BUILD)/obj/test/bench/agenda.o $(LIBRARY)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

BENCH_PARTS := $(BUILD)/mainstayd $(addprefix $(BUILD)/test/bench/,stamp floor agenda)
.PHONY: bench
bench: $(BENCH_PARTS) bench-sync ## measure idle wakeups, schedules, memory, restart latency and answers, also while busy
	BUILD=$(abspath $(BUILD)) /usr/bin/python3 test/bench/bench

.PHONY: bench-sync
bench-sync: $(BUILD)/mainstay-sync ## measure mainstay-sync beside awscli, rclone and s3cmd (a quarter of an hour)
	BUILD=$(abspath $(BUILD)) /usr/bin/python3 test/bench/sync $(BENCH)

.PHONY: bench-traffic
bench-traffic: $(BUILD)/mainstay-traffic ## measure mainstay-traffic beside mawk, Python and goaccess (ten minutes)
	BUILD=$(abspath $(BUILD)) /usr/bin/python3 test/bench/traffic --slow $(BENCH)
