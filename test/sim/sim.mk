# The engine on the simulated host. SIM_MAINS have a main(); the other files here are their
# world: the machine, the configuration, the eyes that watch.
SIM_MAINS   := nights week
SIM_TESTS   := $(SIM_MAINS:%=$(BUILD)/test/sim/%)
SIM_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard test/sim/*.c)))
SIM_SHARED  := $(filter-out $(SIM_MAINS:%=$(BUILD)/obj/test/sim/%.o),$(SIM_OBJECTS))

$(SIM_TESTS): $(BUILD)/test/sim/%: $(BUILD)/obj/test/sim/%.o $(SIM_SHARED) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(SIM_SHARED) $(LIBRARY) $(LDLIBS)
