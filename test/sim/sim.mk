# The engine on the simulated host: one binary for each test/sim/NAME.c, like unit tests.
SIM_TESTS := $(patsubst test/%.c,$(BUILD)/test/%,$(sort $(wildcard test/sim/*.c)))
