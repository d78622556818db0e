# test/compat/random-walk talks to our state machine through this small program.
COMPAT_PROGRAMS += $(BUILD)/test/compat/walk
