# Unit tests: one binary for each test/unit/NAME.c, linked against everything but the mains.
UNIT_TESTS := $(patsubst test/%.c,$(BUILD)/test/%,$(sort $(wildcard test/unit/*.c)))
