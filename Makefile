# Faultline. One Makefile, not recursive; everything that is built goes below build/.
#
#   make            agent, collector, command line and device library
#   make demo       installs what is missing, then the whole system live on this machine (SECONDS=60 ends by itself)
#   make test       installs what is missing, then all tests
#   make bench      the benchmarks, each beside its limit or peer
#   make install    programs, library, man pages, units and example settings
#   make fuzz       every fuzz target with libFuzzer for FUZZ_SECONDS (clang)
# Parts of the test: make unit, tests/check, tests/lint, tests/flow/run, tests/mutants/run
# Switches: V=1  CC=…  PKG_CONFIG=…  DESTDIR=…  PREFIX=…  SAN=address,undefined  WITH_PG=no  WITH_CAN=no  WERROR=yes
# Nothing that was built is run to build something else, and nothing is downloaded by all or install.

VERSION    := 0.1.0
PREFIX     ?= /usr/local
PKG_CONFIG ?= pkg-config
PROTOC_C   ?= protoc-c
STRIP      ?= strip
OBJCOPY    ?= objcopy
WITH_PG    ?= yes
WITH_CAN   ?= yes

comma := ,
B     := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))$(if $(findstring clang,$(CC)),/clang)
B     := $(B)$(if $(filter yes,$(WITH_PG)),,/no-pg)$(if $(filter yes,$(WITH_CAN)),,/no-can)
Q     := $(if $(V),,@)
say    = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# ---------------------------------------------------------------- flags

# uthash falls through in its macros, assert() takes a sentence, sums are kept in long double; gcc looks at our own code
# for the first two, and for float where clang means long double.
CLANG_QUIET := -Wno-implicit-fallthrough -Wno-string-conversion -Wno-double-promotion
WARNINGS    := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wcast-qual -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -Wwrite-strings -Wpointer-arith \
            $(if $(findstring clang,$(CC)),$(CLANG_QUIET)) $(if $(filter yes,$(WERROR)),-Werror)
HARDEN   := $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3) -fstack-protector-strong -fstack-clash-protection \
            $(if $(findstring clang,$(CC)),,-ftrivial-auto-var-init=zero) $(if $(filter x86_64,$(shell uname -m)),-fcf-protection=full)
UNWIND   := $(if $(SAN),,-fno-asynchronous-unwind-tables) # debuggers read .debug_frame
OPTIMISE ?= -O2 -g
OPTIMISE_AGENT ?= $(subst -O2,-Os,$(OPTIMISE)) # flash is dear on devices
LANGUAGE := -std=gnu11 -D_GNU_SOURCE -DFAULTLINE_VERSION='"$(VERSION)"' -pthread
DEFINES  := $(if $(filter yes,$(WITH_PG)),-DWITH_PG) $(if $(filter yes,$(WITH_CAN)),-DWITH_CAN)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
ALL_CFLAGS  = $(LANGUAGE) $(OPTIMISE) $(UNWIND) $(HARDEN) $(SANFLAGS) $(DEFINES) -fPIC -ffunction-sections -fdata-sections $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -pthread $(SANFLAGS) -Wl,-z,relro,-z,now,-z,noexecstack,-z,pack-relative-relocs -Wl,--as-needed -Wl,--gc-sections $(LDFLAGS)

AGENT_PKGS  := libmosquitto libprotobuf-c libconfuse libevent_core libssl libcrypto
SERVER_PKGS := $(AGENT_PKGS) libevent_extra libevent_openssl libevent_pthreads jansson sqlite3 $(if $(filter yes,$(WITH_PG)),libpq)
CLI_PKGS    := $(SERVER_PKGS) libcurl libutf8proc

# Asked of pkg-config once, when first needed: the goals that install packages run before it is there.
once = $(eval $(1) := $(shell $(PKG_CONFIG) $(2)))$($(1))
CFLAGS_PKG  = $(call once,CFLAGS_PKG,--cflags $(CLI_PKGS))
AGENT_LIBS  = $(call once,AGENT_LIBS,--libs $(AGENT_PKGS))
SERVER_LIBS = $(call once,SERVER_LIBS,--libs $(SERVER_PKGS))
CLI_LIBS    = $(call once,CLI_LIBS,--libs $(CLI_PKGS))
TEST_CLIBS  = $(call once,TEST_CLIBS,--libs $(CLI_PKGS) cmocka)

# ---------------------------------------------------------------- who may include whom (the folders: README.md)
# A header is included by its bare name and found only in the folders listed here, so a forbidden include does not compile.

in_common          := common include $(B)/gen
in_agent           := agent include
in_agent/source    := agent/source agent/fault agent/spool include
in_agent/fault     := agent/fault include
in_agent/spool     := agent/spool include
in_agent/link      := agent/link agent/spool include
in_agent/client    := agent/client include
in_server          := server include
in_server/domain   := server/domain include
in_server/analysis := server/analysis include
in_server/store    := server/store server/domain include
in_server/ingest   := server/ingest server/domain server/store include
in_server/api      := server/api server/domain server/analysis server/store include
in_server/cli      := server/cli server/api server/domain server/analysis server/store include
AGENT_DIRS  := agent/source agent/fault agent/spool agent/link
SERVER_DIRS := server/domain server/analysis server/store server/ingest server/api
in_agent  += $(AGENT_DIRS)
in_server += $(SERVER_DIRS)
quote = $(patsubst %,-iquote %,$(1))

# ---------------------------------------------------------------- sources

COMMON_SRC := $(wildcard common/*.c)
AGENT_SRC  := $(wildcard agent/*.c $(AGENT_DIRS:=/*.c))
CLIENT_LIB := agent/client/faultline.c common/appwire.c common/appwire_read.c common/appwire_rules.c common/fail.c \
              common/words.c
SERVER_SRC := $(wildcard server/*.c $(SERVER_DIRS:=/*.c))
ifneq ($(WITH_PG),yes)
SERVER_SRC := $(filter-out server/store/db_pg.c,$(SERVER_SRC))
endif
CLI_SRC    := $(wildcard server/cli/*.c)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
PROGRAMS := $(B)/faultline-agent $(B)/faultline-report $(B)/faultline-server $(B)/faultline
LIBRARY  := $(B)/libfaultline.so.1

all: $(PROGRAMS) $(LIBRARY) $(B)/libfaultline.a

# ---------------------------------------------------------------- rules

$(B)/gen/faultline.pb-c.c $(B)/gen/faultline.pb-c.h &: proto/faultline.proto
	$(call say,PROTO,$<)
	$(Q)mkdir -p $(B)/gen
	$(Q)$(PROTOC_C) --c_out=$(B)/gen -Iproto $<

$(B)/obj/gen/%.o: $(B)/gen/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -w -iquote $(B)/gen $(CFLAGS_PKG) -c $< -o $@

$(B)/obj/common/codec_pack.o $(B)/obj/common/codec_unpack.o: $(B)/gen/faultline.pb-c.h

# Of what agent and collector share only that which the collector does for each message is made fast rather than small.
PER_MESSAGE := $(wildcard common/codec*.c common/wire*.c common/utf8.c common/validate.c common/arena.c common/mqtt.c)
$(B)/obj/agent/%.o $(B)/obj/gen/faultline.pb-c.o $(call obj,$(filter-out $(PER_MESSAGE),$(COMMON_SRC))): \
    OPTIMISE := $(OPTIMISE_AGENT)

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(WARNINGS) $(call quote,$(in_$(patsubst %/,%,$(dir $<)))) $(CFLAGS_PKG) -MMD -MP -c $< -o $@

# Built in by the assembler, which tells no dependencies.
$(B)/obj/server/store/schema.o: $(wildcard server/store/schema/*.sql)
$(B)/obj/server/api/openapi.o: server/api/openapi.json

$(B)/libcommon.a: $(call obj,$(COMMON_SRC)) $(B)/obj/gen/faultline.pb-c.o
$(B)/libagent.a:  $(call obj,$(filter-out agent/main.c,$(AGENT_SRC)))
$(B)/libserver.a: $(call obj,$(filter-out server/main.c,$(SERVER_SRC)))
$(B)/libcli.a:    $(call obj,$(filter-out server/cli/main.c,$(CLI_SRC)))
$(B)/libfaultline.a: $(B)/obj/libfaultline.o
$(B)/lib%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@; $(AR) rcs $@ $^

# One object in which only the fl_ names can be seen, so that the archive never clashes with a program's own names.
$(B)/obj/libfaultline.o: $(call obj,$(CLIENT_LIB))
	$(Q)$(CC) -r -nostdlib -o $@ $^
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='fl_*' $@

link = $(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(1)

$(B)/faultline-agent: $(B)/obj/agent/main.o $(B)/libagent.a $(B)/libcommon.a
	$(call say,LINK,$@)
	$(call link,$(AGENT_LIBS) -lm)

$(B)/faultline-report: $(call obj,agent/client/faultline-report.c common/nearest.c) $(B)/libfaultline.a
	$(call say,LINK,$@)
	$(call link,)

$(B)/faultline-server: $(B)/obj/server/main.o $(B)/libserver.a $(B)/libcommon.a
	$(call say,LINK,$@)
	$(call link,$(SERVER_LIBS) -lm)

$(B)/faultline: $(B)/obj/server/cli/main.o $(B)/libcli.a $(B)/libserver.a $(B)/libcommon.a
	$(call say,LINK,$@)
	$(call link,$(CLI_LIBS) -lm)

$(LIBRARY): $(call obj,$(CLIENT_LIB)) agent/client/faultline.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(filter-out -pie,$(ALL_LDFLAGS)) -shared -Wl,-soname,libfaultline.so.1 \
	    -Wl,--version-script=agent/client/faultline.map -o $@ $(filter %.o,$^)
	$(Q)ln -sf libfaultline.so.1 $(B)/libfaultline.so

# ---------------------------------------------------------------- unit tests, fuzz targets

UNIT_SRC := $(shell find tests/unit -name '*.c' 2>/dev/null | sort)
UNITS    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
FUZZ_SRC := $(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ_SRC))
TEST_LIBS = $(B)/libagent.a $(B)/libcli.a $(B)/libserver.a $(B)/libfaultline.a $(B)/libcommon.a
TEST_DIRS := agent $(AGENT_DIRS) agent/client server $(SERVER_DIRS) server/cli include tests/unit tests/bench tests/quality

$(B)/obj/tests/%.o: tests/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(filter-out -Wmissing-prototypes,$(WARNINGS)) $(call quote,$(TEST_DIRS)) $(CFLAGS_PKG) -MMD -MP -c $< -o $@

$(B)/unit/%: $(B)/obj/tests/unit/%.o $(TEST_LIBS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(call link,$(TEST_CLIBS) -lm)

# Runs the program.
$(B)/unit/agent/client/faultline-report: $(B)/faultline-report

$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/replay.o $(TEST_LIBS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(call link,$(CLI_LIBS) -lm)

# The same targets with libFuzzer itself: make fuzz [FUZZ_SECONDS=60] [FUZZ=codec_uplink] runs each on its corpus; new
# inputs stay below build/corpus, a finding lands in the current folder.
FUZZ_SECONDS ?= 60
FUZZ         ?= $(FUZZ_SRC:tests/fuzz/%.c=%)

$(B)/fuzzing/%: $(B)/obj/tests/fuzz/%.o $(TEST_LIBS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(CLI_LIBS) -lm

fuzz:
	$(Q)$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined FUZZ='$(FUZZ)' fuzz-run

fuzz-run: $(FUZZ:%=$(B)/fuzzing/%)
	$(Q)for name in $(FUZZ); do mkdir -p build/corpus/$$name && \
	    $(B)/fuzzing/$$name -max_total_time=$(FUZZ_SECONDS) -max_len=20000 -timeout=10 -print_final_stats=1 \
	    build/corpus/$$name tests/data/fuzz/$$name || exit 1; done

# tests/check holds this list against the programs.
UNITS_WITH_THREADS := agent/client/faultline agent/client/faultline-report agent/link/link agent/link/resolver \
    agent/source/app server/api/api server/api/events server/api/http server/api/openapi server/cli/cli \
    server/ingest/threads server/store/store server/store/store_ticket
BENCH_SRC := $(filter-out tests/bench/wire_client.c,$(wildcard tests/bench/*.c))
BENCHES   := $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH_SRC))
FLOW_SRC  := $(filter-out tests/flow/powercut.c,$(wildcard tests/flow/*.c))
FLOW_PROGRAMS := $(patsubst tests/flow/%.c,$(B)/flow/%,$(FLOW_SRC)) $(B)/flow/powercut.so

$(B)/flow/powercut.so: $(B)/obj/tests/flow/powercut.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -shared -o $@ $< -ldl

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(TEST_LIBS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(call link,$(CLI_LIBS) -lm)

$(B)/bench/load: $(B)/obj/tests/bench/wire_client.o

$(B)/flow/%: $(B)/obj/tests/flow/%.o $(TEST_LIBS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(call link,$(CLI_LIBS) -lm)

# Reference cases of the statistics through the product's functions: build/quality-cases CASES.json > RESULTS.json
quality-cases: $(B)/quality-cases

$(B)/quality-cases: $(call obj,$(wildcard tests/quality/*.c)) $(B)/libserver.a $(B)/libcommon.a
	$(call say,LINK,$@)
	$(call link,$(CLI_LIBS) -lm)

unit: $(UNITS) $(FUZZERS)
	$(Q)tests/unit/run $(B)

# The programs that flow tests and benchmarks run beside the product's own.
programs-for-tests: $(UNITS) $(FUZZERS) $(BENCHES) $(FLOW_PROGRAMS) $(B)/quality-cases

# The tests that have threads of their own, for SAN=thread.
unit-threads: $(patsubst %,$(B)/unit/%,$(UNITS_WITH_THREADS))
	$(Q)tests/unit/run $(B)

# How a file is compiled: for tests/lint and editors. make -s flags FILE=…
flags:
	@echo $(LANGUAGE) $(DEFINES) $(call quote,$(in_$(patsubst %/,%,$(dir $(FILE))))) $(CFLAGS_PKG)

# ---------------------------------------------------------------- the two commands, and the bench

demo:
	$(Q)configs/packages build run
	$(Q)$(MAKE) --no-print-directory all
	$(Q)configs/demo/run $(if $(SECONDS),--seconds $(SECONDS))

test:
	$(Q)tests/run

bench: all programs-for-tests
	$(Q)tests/bench/run

# ---------------------------------------------------------------- install

MAN := agent/faultline-agent.8 agent/client/faultline-report.1 agent/client/libfaultline.3 server/faultline-server.8 \
       server/cli/faultline.1 configs/faultline-pki.1
D   := $(DESTDIR)$(PREFIX)

install: all
	install -d $(D)/bin $(D)/lib/pkgconfig $(D)/include $(D)/lib/systemd/system $(D)/lib/sysusers.d \
	    $(D)/share/man/man1 $(D)/share/man/man3 $(D)/share/man/man8 $(D)/share/doc/faultline/examples
	install -m 755 -s --strip-program=$(STRIP) $(PROGRAMS) $(D)/bin
	install -m 755 configs/pki $(D)/bin/faultline-pki
	install -m 644 $(LIBRARY) $(B)/libfaultline.a $(D)/lib
	ln -sf libfaultline.so.1 $(D)/lib/libfaultline.so
	install -m 644 include/faultline.h $(D)/include
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' agent/client/faultline.pc.in > $(D)/lib/pkgconfig/faultline.pc
	$(foreach page,$(MAN),install -m 644 $(page) $(D)/share/man/man$(subst .,,$(suffix $(page)));)
	for unit in agent server; do sed 's|@PREFIX@|$(PREFIX)|' configs/systemd/faultline-$$unit.service \
	    > $(D)/lib/systemd/system/faultline-$$unit.service; done
	install -m 644 configs/systemd/faultline.sysusers $(D)/lib/sysusers.d/faultline.conf
	install -m 644 configs/agent.conf configs/server.conf configs/catalogue.csv configs/mosquitto/* \
	    configs/systemd/mosquitto-faultline.conf configs/systemd/faultline-agent-can.conf $(D)/share/doc/faultline/examples

clean:
	rm -rf build

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

.DELETE_ON_ERROR:
# Only these: a secondary file that is missing is not made when what needs it is newer than its source.
.SECONDARY: $(call obj,$(wildcard tests/*/*.c) $(UNIT_SRC))
.PHONY: all quality-cases unit fuzz fuzz-run unit-threads programs-for-tests flags demo test bench install clean
