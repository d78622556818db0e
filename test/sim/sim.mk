# The engine on the simulated host. SIM_TESTS have a main(); the other files here are their
# world: the machine, the configuration, the eyes that watch.
SIM_TESTS   := $(BUILD)/test/sim/week
SIM_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard test/sim/*.c)))

$(SIM_TESTS): $(SIM_OBJECTS) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(SIM_OBJECTS) $(LIBRARY) $(LDLIBS)
