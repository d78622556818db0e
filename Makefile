# mainstay: `make demo` shows the main job, `make check` runs every test.
# `make help` lists the targets.

BUILD   ?= build
PREFIX  ?= /usr/local
CC      ?= gcc
VERSION := $(shell cat VERSION)

PACKAGES := libuv libsystemd inih expat libmicrohttpd jansson libedit libcurl libcrypto zlib
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wswitch-enum -Wvla -Wformat=2 -Wundef -Wcast-qual \
            -Wwrite-strings -Wnull-dereference -Wimplicit-fallthrough \
            -Wno-missing-field-initializers -Wno-format-truncation
HARDEN   ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
OPT      ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DMAINSTAY_VERSION='"$(VERSION)"' -Isupervisor
CFLAGS   += -std=c17 $(OPT) $(WARNINGS) $(HARDEN) $(WERROR) -ffunction-sections -fdata-sections
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections
LDLIBS    = $(shell pkg-config --libs $(PACKAGES))

PROGRAMS := mainstayd mainstayctl mainstay-sync mainstay-traffic
MAINS    := supervisor/main.c supervisor/ctl/main.c supervisor/sync/main.c \
            supervisor/traffic/main.c
SOURCES  := $(sort $(wildcard supervisor/*/*.c))
OBJECTS  := $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out $(MAINS),$(SOURCES)))
LIBRARY  := $(BUILD)/libmainstay.a

.PHONY: all
all: $(addprefix $(BUILD)/,$(PROGRAMS))

$(BUILD)/mainstayd: $(BUILD)/obj/supervisor/main.o $(LIBRARY)
$(BUILD)/mainstayctl: $(BUILD)/obj/supervisor/ctl/main.o $(LIBRARY)
$(BUILD)/mainstay-sync: $(BUILD)/obj/supervisor/sync/main.o $(LIBRARY)
$(BUILD)/mainstay-traffic: $(BUILD)/obj/supervisor/traffic/main.o $(LIBRARY)

$(addprefix $(BUILD)/,$(PROGRAMS)):
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/obj/%.o: %.c VERSION
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- Tests: each kind lives in its own fragment beside its files -----------------------------

include $(sort $(wildcard test/*/*.mk scripts/*.mk))

.PHONY: clean
clean:
	rm -rf $(BUILD)/obj $(BUILD)/libmainstay.a $(addprefix $(BUILD)/,$(PROGRAMS)) $(BUILD)/test
