# memlab: one command per thing to do. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# Containers often set it; then each of a sweep's processes compiles every module anew, for 8 s.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PYTHON := $(VENV)/bin/python
SYSTEM_PYTHONS ?= python3.11 python3.12 python3.13 python3 python

# Stamps: a step whose stamp is newer than its inputs is not done again. The first carries the
# folder's name, because an editable install points to the folder it was made in.
INSTALLED := $(VENV)/.installed-$(firstword $(shell pwd | cksum))
NATIVE := $(VENV)/.native

NATIVE_SOURCES := $(wildcard native/*.c)
NATIVE_INPUTS := $(NATIVE_SOURCES) $(wildcard native/*.h) scripts/build_native.py setup.py
SANITIZED := build/sanitized
SANITIZED_TESTS := $(patsubst native/tests/%.c,$(SANITIZED)/%,$(wildcard native/tests/*.c))
SANITIZE := -std=c11 -O1 -g -ffp-contract=off -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-unknown-pragmas -Werror

# All tests of a file on one worker, for they share what is slow to make; files as they come.
PYTEST := $(PYTHON) -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo test faults check bench bars ui clean lint types native-test

help:
	@echo "make demo    set up if needed, then run the first experiment (Gray-Scott, three phases)"
	@echo "make ui      browse and compare what was run, at http://127.0.0.1:5000"
	@echo "make test    set up if needed, then run all tests"
	@echo "make check   what CI runs: lint, types, native tests under sanitizers, all tests"
	@echo "make faults  kill sweeps and crowd stores for a quarter of an hour: nothing may be lost"
	@echo "make bench   measure kernels, substrates, and what a sweep costs"
	@echo "make bars    count the pairs a sparse memory recalls, then train a Dragon Hatchling (five minutes)"
	@echo "make setup   only set up: .venv with pinned packages, and the native library"
	@echo "make clean   remove .venv and everything built; outputs/ stays"

setup: $(NATIVE)

demo: setup
	$(PYTHON) -m memlab substrate=gray_scott protocol=three_phase

test: setup
	$(PYTEST)

faults: setup
	$(PYTHON) tests/faults/kill.py
	$(PYTHON) -m tests.faults.store

check: lint types native-test test

bench: setup
	@status=0; for bench in bench bench_attractors bench_dense bench_oscillators bench_hebbian bench_cells bench_predictions bench_text bench_memory bench_sweeps; do \
		echo "== $$bench"; $(PYTHON) scripts/$$bench.py || status=$$?; \
	done; exit $$status

bars: setup
	$(PYTHON) scripts/pair_capacity.py
	$(PYTHON) scripts/hatchling_bars.py

ui: setup
	$(PYTHON) -m memlab.ui

clean:
	rm -rf $(VENV) build dist memlab.egg-info memlab/_native*.so .mypy_cache .pytest_cache .ruff_cache

lint: setup
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check

types: setup
	$(PYTHON) -m mypy memlab scripts $(wildcard hydra_plugins)

native-test: $(SANITIZED_TESTS)
	@for program in $^; do echo "$$program"; "$$program"; done

KERNEL_gray_scott := native/gray_scott.c $(wildcard native/gs_*.c)
KERNEL_kuramoto := native/kuramoto.c
KERNEL_cells := native/cells.c $(wildcard native/cell_*.c)
KERNEL_optimisers := native/optimisers.c
KERNEL_hebbian := native/hebbian.c
KERNEL_tree := native/tree.c native/tree_chances.c native/tree_read.c
KERNEL_tree_read := $(KERNEL_tree)

$(SANITIZED)/%: native/tests/%.c $(NATIVE_SOURCES) $(wildcard native/*.h native/tests/*.h)
	@mkdir -p $(SANITIZED)
	$(CC) $(SANITIZE) -Inative $< $(KERNEL_$(patsubst test_%,%,$*)) -lm -o $@

# --- set-up ------------------------------------------------------------------------------------

SUITABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))

define MAKE_VENV
for python in $(SYSTEM_PYTHONS); do \
	if "$$python" -c "$(SUITABLE)" 2> /dev/null; then \
		echo "== $(VENV) with $$("$$python" --version)"; \
		exec "$$python" -m venv --clear $(VENV); \
	fi; \
done; \
echo "memlab needs Python 3.11, 3.12 or 3.13 with its venv module; none found among:" >&2; \
echo "  $(SYSTEM_PYTHONS)" >&2; \
echo "Install one (Debian: apt install python3 python3-venv) or name it:" >&2; \
echo "  make setup SYSTEM_PYTHONS=/path/to/python3" >&2; \
exit 1
endef

# pip says hundreds of lines or nothing; keep the ones that tell where the minutes go.
define SHOW_PROGRESS
awk '/^Collecting/ { if (++found % 20 == 0) { print "   " found " packages found"; fflush() } } \
	/Downloading .*\([0-9][0-9]+\.[0-9] MB\)/ { print "   " $$1, $$2, $$3, $$4; fflush() } \
	/^Installing collected/ { print "   installing " (NF > 9 ? NF - 3 " packages, a minute or so" : $$4); fflush() } \
	/^(ERROR|error)/ { print; fflush() }'
endef

# Bytecode is made when a module is first imported: for all 20,000 of them it takes over a minute.
define PIP_INSTALL
$(PYTHON) -m pip install --disable-pip-version-check --progress-bar off --no-compile -c constraints.txt
endef

$(INSTALLED): pyproject.toml constraints.txt setup.py
	@if ! $(PYTHON) -c "$(SUITABLE)" 2> /dev/null; then ( $(MAKE_VENV) ); fi
	@echo "== pinned packages (2 minutes and 2 GB the first time; all of pip's words: $(VENV)/setup.log)"
	@$(PIP_INSTALL) setuptools cffi > $(VENV)/setup.log 2>&1 || { cat $(VENV)/setup.log >&2; exit 1; }
	@$(PIP_INSTALL) --no-build-isolation -e ".[dev]" 2>&1 | tee -a $(VENV)/setup.log | $(SHOW_PROGRESS) \
		|| { tail -n 30 $(VENV)/setup.log >&2; exit 1; }
	@touch $@

$(NATIVE): $(INSTALLED) $(NATIVE_INPUTS)
	@echo "== native library"
	@$(PYTHON) setup.py --quiet build_ext --inplace
	@touch $@
