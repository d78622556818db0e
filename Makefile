# mainstay: `make demo` shows the main job, `make check` runs every test.
# `make help` lists the targets.

BUILD   ?= build
PREFIX  ?= /usr/local
CC      ?= gcc
VERSION := $(shell cat VERSION)

PACKAGES := libuv libsystemd inih expat libmicrohttpd nettle jansson libedit libcurl libcrypto zlib \
            libpcre2-8
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wswitch-enum -Wvla -Wformat=2 -Wundef -Wcast-qual \
            -Wwrite-strings -Wnull-dereference -Wimplicit-fallthrough \
            -Wno-missing-field-initializers -Wno-format-truncation
STD      := -std=c17
HARDEN   ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
OPT      ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DMAINSTAY_VERSION='"$(VERSION)"' -Isupervisor
CFLAGS   += $(STD) $(OPT) $(WARNINGS) $(HARDEN) $(WERROR) -ffunction-sections -fdata-sections
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections
LDLIBS    = $(shell pkg-config --libs $(PACKAGES))

# Each program is its main file and what it uses of the library.
MAIN_mainstayd        := supervisor/main.c supervisor/start.c
MAIN_mainstayctl      := supervisor/ctl/main.c
MAIN_mainstay-sync    := supervisor/sync/main.c
MAIN_mainstay-traffic := supervisor/traffic/main.c
MAIN_mainstay-net     := supervisor/net/main.c

PROGRAMS := mainstayd mainstayctl mainstay-sync mainstay-traffic mainstay-net
MAINS    := $(foreach p,$(PROGRAMS),$(MAIN_$p))
SOURCES  := $(sort $(wildcard supervisor/*/*.c supervisor/*/*/*.c))
OBJECTS  := $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out $(MAINS),$(SOURCES)))
LIBRARY  := $(BUILD)/libmainstay.a
BINARIES := $(addprefix $(BUILD)/,$(PROGRAMS))

.DELETE_ON_ERROR:
.PHONY: all
all: $(BINARIES) ## builds the programs (the default)

define program
$(BUILD)/$1: $(patsubst %.c,$(BUILD)/obj/%.o,$(MAIN_$1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$p)))

$(BINARIES): $(LIBRARY)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(LDLIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@ar qcs $@ $^

$(BUILD)/obj/%.o: %.c VERSION
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- Each further matter lives in its own fragment, beside its files -------------------------

include $(sort $(wildcard test/*/*.mk)) $(sort $(wildcard scripts/*.mk))

.PHONY: clean
clean: ## removes what was built in BUILD
	rm -rf $(BUILD)/obj $(LIBRARY) $(BINARIES) $(BUILD)/test $(BUILD)/lint

.PHONY: help
help: ## lists the targets
	@grep -hE '^[a-z][a-z -]*:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  %-18s %s\n", $$1, $$2 }'
	@echo "Variables: BUILD=folder  PREFIX=/usr/local  DESTDIR=  WERROR=-Werror  T=pattern (which tests)"
