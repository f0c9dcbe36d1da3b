# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# make [all] | deps | test | check | test-property | lint | demo | bench | bench-quick | install | clean     (V=1 shows commands)
# make verifier-stats [KERNEL=6.1] | test-vm KERNEL=6.1 [SUITES="packet net"]     (other kernels, in QEMU)

PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(shell command -v bpftool) /usr/sbin/bpftool)
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)')

VERSION := 0.1.0
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

B       := build
ARCH    := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/; s/s390x/s390/; s/riscv64/riscv/')

LIBS     := libbpf libelf zlib yaml-0.1 jansson libmnl libnetfilter_conntrack
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu11 -pthread -fno-strict-aliasing -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -fno-common
CPPFLAGS += -Iuser -Iinclude -I$(B) -D_GNU_SOURCE
LDLIBS    = $(shell pkg-config --libs $(LIBS) 2>/dev/null)
BPFFLAGS := -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-address-of-packed-member \
            -D__TARGET_ARCH_$(ARCH) -Ivmlinux -Iinclude -Ibpf
ifdef TEST_LAYOUT # as a version to come may be
CPPFLAGS += -DSR_TEST_LAYOUT
BPFFLAGS += -DSR_TEST_LAYOUT
endif
ASAN     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

BPF_SRC   := $(wildcard bpf/*.bpf.c)
BPF_OBJ   := $(BPF_SRC:bpf/%.bpf.c=$(B)/bpf/%.bpf.o)
LAYERS    := base model kernel cli
USER_SRC  := user/main.c $(foreach l,$(LAYERS),$(wildcard user/$(l)/*.c))
USER_OBJ  := $(USER_SRC:%.c=$(B)/%.o)
PURE_SRC  := $(wildcard user/base/*.c user/model/*.c)
PURE_ASAN := $(PURE_SRC:%.c=$(B)/asan/%.o)
CLI_PURE  := command conn_options flow_options flow_show help invocation leases monitor_options map_options node_ports option_table options output settings show sizes strings suggest
CLI_ASAN  := $(CLI_PURE:%=$(B)/asan/user/cli/%.o)
LIB_OBJ   := $(filter $(B)/user/base/% $(B)/user/model/% $(B)/user/kernel/%,$(USER_OBJ))
UNIT      := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
PACKET_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/packet/*.c))
PROPERTY_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/property/*.c)) $(addprefix $(B)/tests/packet/,network.o world.o)
BENCH_OBJ  := $(patsubst %.c,$(B)/%.o,$(filter-out %.bpf.c %/connect.c,$(wildcard tests/bench/*.c))) \
              $(addprefix $(B)/tests/packet/,frame.o network.o sums.o world.o)
BENCH_BPF  := $(patsubst tests/bench/%.bpf.c,$(B)/tests/bench/%.skel.h,$(wildcard tests/bench/*.bpf.c))

PROGRAM_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/program/*.c) tests/bench/figure.c)

SECONDS ?= 60

.PHONY: all deps test check lint unit packet property test-property net demo bench bench-quick verifier-stats test-vm install uninstall clean vmlinux
.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/svcroute

# --- BPF ---------------------------------------------------------------------
$(B)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPFFLAGS) -MMD -MP -c $< -o $@

$(B)/svcroute.bpf.o: $(BPF_OBJ)
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(B)/svcroute.skel.h: $(B)/svcroute.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name svcroute_bpf > $@

# The kernel types that bpf/ uses, cut out of the running kernel's BTF.
vmlinux:
	$(Q)vmlinux/regenerate $(BPFTOOL)

# --- the program ---------------------------------------------------------------
$(B)/svcroute: $(USER_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B)/%.o: %.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/asan/%.o: %.c Makefile
	$(call say,CC-ASAN,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(ASAN) -MMD -MP -c $< -o $@

$(patsubst %.c,$(B)/%.o,$(wildcard user/kernel/*.c)): | $(B)/svcroute.skel.h
$(B)/user/cli/version.o: CPPFLAGS += -DSVCROUTE_VERSION='"$(VERSION)"' -DSVCROUTE_COMMIT='"$(COMMIT)"'

# --- tests -----------------------------------------------------------------------
$(B)/tests/unit/%: $(B)/asan/tests/unit/%.o $(PURE_ASAN)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(ASAN) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -lm -o $@

$(filter $(B)/tests/unit/test_cli_%,$(UNIT)): $(CLI_ASAN)

$(B)/tests/packet/packet: $(PACKET_OBJ) $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@

$(B)/tests/verifier/verifier: $(B)/tests/verifier/verifier.o
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B)/tests/property/property: $(PROPERTY_OBJ) $(LIB_OBJ)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lm -o $@

$(B)/tests/bench/%.bpf.o: tests/bench/%.bpf.c Makefile
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPFFLAGS) -MMD -MP -c $< -o $@

$(B)/tests/bench/%.skel.h: $(B)/tests/bench/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(B)/tests/bench/bench: $(BENCH_OBJ) $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lm -o $@

$(B)/tests/bench/program/program: $(PROGRAM_OBJ) $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B)/tests/bench/connect: $(B)/tests/bench/connect.o
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

$(PACKET_OBJ) $(PROPERTY_OBJ) $(BENCH_OBJ) $(PROGRAM_OBJ): | $(B)/svcroute.skel.h $(BENCH_BPF)

# This tree again, as a version to come, for tests/net/upgrade.bats.
NEXT := $(B)/tests/next/svcroute
$(NEXT): $(B)/svcroute FORCE
	@$(MAKE) --no-print-directory -s B=$(@D) TEST_LAYOUT=1 $@
.PHONY: FORCE

unit: $(UNIT)
	@tests/run unit
packet: $(B)/tests/packet/packet $(B)/svcroute
	@tests/run packet
# Random clusters and packets against a model, for SECONDS.
property test-property: $(B)/tests/property/property
	@SECONDS_OF_PROPERTY=$(SECONDS) tests/run property
net: $(B)/svcroute $(NEXT)
	@tests/run net
# A newcomer's commands bring what they need; what that is, a new make looks up.
demo: deps-if-missing
	@$(MAKE) --no-print-directory $(B)/svcroute
	@flock --close /run/lock/svcroute-tests examples/aks/demo $(if $(KEEP),--keep)
# The inner loop: what lints and what runs, side by side.
check: $(UNIT) $(B)/tests/packet/packet $(B)/svcroute
	@$(MAKE) --no-print-directory -j2 lint unit-and-packet
.PHONY: unit-and-packet
unit-and-packet:
	@tests/run unit packet
test: deps-if-missing
	@$(MAKE) --no-print-directory lint $(UNIT) $(VM_TESTED)
	@tests/run unit verifier packet net demo
# What it costs: a few minutes, or one; build/bench/report.md.
bench bench-quick: $(B)/tests/bench/bench $(B)/tests/bench/program/program $(B)/tests/bench/connect $(B)/svcroute
	@tests/run $@
# Other kernels: KERNEL is a series that Debian has.
VM_TESTED := $(B)/tests/packet/packet $(B)/tests/verifier/verifier $(B)/svcroute $(NEXT)
SUITES    ?= verifier packet net
verifier-stats: $(VM_TESTED)
	@$(if $(KERNEL),tests/vm/run $(KERNEL)) $(B)/tests/verifier/verifier $(B)/svcroute.bpf.o
test-vm: $(VM_TESTED)
	@tests/vm/run $(or $(KERNEL),$(error say which: make test-vm KERNEL=6.1)) tests/run $(SUITES)
lint: $(B)/svcroute.skel.h
	@tests/lint

# --- the machine -------------------------------------------------------------------
deps:
	@tests/deps

.PHONY: deps-if-missing
deps-if-missing:
	@tests/deps --if-missing

UNITS := svcroute.service svcroute-announce.service

install: $(B)/svcroute
	install -D -m 755 $(B)/svcroute $(DESTDIR)$(PREFIX)/sbin/svcroute
	install -D -m 644 user/svcroute.8 $(DESTDIR)$(PREFIX)/share/man/man8/svcroute.8
	install -D -m 644 user/completion/svcroute.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/svcroute
	install -D -m 644 user/completion/_svcroute $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_svcroute
	install -d $(DESTDIR)/etc/svcroute/services.d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for unit in $(UNITS); do sed 's|@SBINDIR@|$(PREFIX)/sbin|' user/$$unit >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/svcroute $(DESTDIR)$(PREFIX)/share/man/man8/svcroute.8
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/svcroute
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_svcroute
	rm -f $(UNITS:%=$(DESTDIR)$(PREFIX)/lib/systemd/system/%)

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
