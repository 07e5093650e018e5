# `make` prints what there is. Every target sets up what it needs.

PY := .venv/bin/python
CODE := $(wildcard oadr certs ven vtn plugfest tests bench examples docs)
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade) pyproject.toml
SIGNATURES := $(wildcard tests/oadr/wire/test_signature*.py tests/*/test_*sign*.py tests/*/*/test_signatures.py)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-signxml5 fuzz simulate faults replay check format docs lock bench clean
.DELETE_ON_ERROR:

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## the virtual environment, from the locked versions (PYTHON=python3.12 chooses one, after make clean)

demo: setup ## a feeder limited to 40 % before your eyes, two minutes (STAY=1: it stays up, SCENARIO=fleet: unruly chargers)
	$(PY) -m examples.demo $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(STAY),--stay)

test: setup ## every test
	$(PY) -m pytest -q

test-signxml5: .venv-signxml5/ready ## the tests of signatures, with the signxml that openleadr does not allow yet
	.venv-signxml5/bin/python -m pytest -q $(SIGNATURES)

fuzz: setup ## a million damaged messages, each read or refused (COUNT=5000: fewer, SEED=7: those again)
	$(PY) -m tests.oadr.wire.fuzz $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

simulate: setup ## evenings on a street of lossy wires, power cuts and wrong clocks, each from a seed (SEEDS=1000)
	$(PY) -m tests.simulation $(if $(SEEDS),--seeds $(SEEDS)) $(if $(SEED),--seed $(SEED))

faults: setup ## both ends under kill -9, power cuts and disk errors at random points (CYCLES=200)
	for end in power vtn_power; do for by in kill power errors; do \
	    $(PY) -m tests.faults.$$end --by $$by $(if $(CYCLES),--cycles $(CYCLES)) || exit; \
	done; done

replay: setup ## four weeks of real charging with a load shift each working day, one minute
	$(PY) -m examples.replay

check: setup ## format, lint, types, arrows between packages, generated pages
	.venv/bin/ruff format --check --quiet $(CODE)
	.venv/bin/ruff check --quiet $(CODE)
	.venv/bin/mypy --strict $(CODE)
	.venv/bin/lint-imports --no-cache
	$(PY) -m docs.traceability --check

format: setup ## format the code, repair what ruff can repair
	.venv/bin/ruff format $(CODE)
	.venv/bin/ruff check --fix $(CODE)

docs: setup ## which test proves which rule: docs/requirements.md, conformance.md, scenarios.md, security.md, states.md
	$(PY) -m docs.traceability

lock: setup ## requirements/*.txt from pyproject.toml (UPGRADE=1: the newest versions)
	$(LOCK) --extra dev --output-file requirements/dev.txt
	$(LOCK) --extra vtn --output-file requirements/vtn.txt
	$(LOCK) --extra daemon --output-file requirements/ven.txt
	$(LOCK) --extra vtn --extra test --overrides requirements/signxml5.in --output-file requirements/signxml5.txt

bench: setup ## the benchmarks, each beside a peer in the same run
	@for script in $(filter-out bench/__init__.py bench/figures.py bench/poll_servers.py,$(wildcard bench/*.py)); do \
	    $(PY) -m bench.$$(basename $$script .py) || exit 1; \
	done

clean: ## everything that make made
	rm -rf .venv .venv-signxml5 .demo dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# Redone only when the lock or the package's own description changes.
.venv/ready: pyproject.toml requirements/dev.txt | .venv/bin/python
	@echo "Installing the locked versions into .venv: half a minute, only when they change."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The same Python beside it, without our own package: the tests find that where they lie.
.venv-signxml5/ready: requirements/signxml5.txt | .venv/ready
	@echo "Installing the locked versions into .venv-signxml5."
	@.venv/bin/uv venv --quiet --clear --python $(PY) .venv-signxml5
	@.venv/bin/uv pip install --quiet --python .venv-signxml5 --require-hashes --no-deps -r requirements/signxml5.txt
	@touch $@

# Debian splits ensurepip off, hence the question. Never made over another Python's environment: the two would mix.
.venv/bin/python:
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	    "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    exec "$$python" -m venv --clear .venv; \
	done; \
	echo "Feederguard needs Python 3.11 or newer with venv (on Debian: apt install python3-venv)," \
	     "or name one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1
