# Unit tests: one binary for each test/unit/NAME.c, linked against everything but the mains.
UNIT_TESTS := $(patsubst test/unit/%.c,$(BUILD)/test/unit/%,$(sort $(wildcard test/unit/*.c)))

$(BUILD)/test/unit/%: test/unit/%.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(LIBRARY) $(LDLIBS) -lcmocka

-include $(wildcard $(BUILD)/test/unit/*.d)

.PHONY: unit-build unit
unit-build: $(UNIT_TESTS)
unit: unit-build
	@for t in $(UNIT_TESTS); do $$t || exit 1; done
