# `make demo` and `make test` need only Debian's python3 and make; everything else is installed into .venv and build.
.DEFAULT_GOAL := help
.PHONY: help demo docs check test proof bench format lint types sanity importer tests unit contract modules playbooks fleets molecule cores clean
SHELL := bash
PYTHON ?= $(shell tools/python)
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"
# tests that build on each other are in one file, and the slowest files come first; many tests wait for a server, hence one process more than cores
PYTEST := $(RUN) python -m pytest -q -n $$(($$(nproc) + 1)) --dist loadfile --no-loadscope-reorder -p no:cacheprovider --durations 15 --durations-min 10

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

demo:  ## show plan, run, second run and logins on a simulated fleet (one minute)
	@tools/venv build/demo/venv $(PYTHON) -r requirements.txt -r tests/simulators/requirements.txt 'ansible-core>=2.17,<2.22'
	@build/demo/venv/bin/python -m tools.demo

docs:  ## build the site of the documentation in build/docs/html, and check its links
	@tools/venv build/docs/venv $(PYTHON) -r requirements.txt 'antsibull-docs>=2.20' 'furo>=2024' 'ansible-core>=2.17,<2.22'
	@build/docs/venv/bin/python -m tools.site $(LINKS)

check: lint types unit  ## inner loop, less than five minutes: lint, types, unit tests, one playbook
	$(PYTEST) tests/playbooks/test_wire.py -k homelab

test: .venv/.made-for  ## run every check and test
	@$(MAKE) --no-print-directory --jobs $$(nproc) --output-sync=target tests lint types sanity importer molecule cores CORES=2.17 \
		TESTS="$(addprefix tests/playbooks/test_,bootstrap.py wire.py monitor.py prove.py report.py)"
	@echo "all tests passed"

.venv/.made-for: requirements.txt requirements-dev.txt tests/requirements.txt tests/simulators/requirements.txt
	@tools/venv .venv $(PYTHON) -r requirements-dev.txt

format: .venv/.made-for  ## format all Python files and apply the fixes of ruff
	$(RUN) ruff check --quiet --fix --exit-zero .
	$(RUN) ruff format --quiet .

lint: .venv/.made-for  ## run ruff, ansible-lint, yamllint and the changelog linter
	$(RUN) tools/lint

types: .venv/.made-for  ## run mypy and check that the share of typed functions does not drop
	$(RUN) tools/types

sanity: .venv/.made-for  ## run ansible-test sanity
	$(RUN) tools/sanity

importer: .venv/.made-for  ## build the tarball and run the import checks of Galaxy on it
	$(RUN) tools/importer

tests: .venv/.made-for  ## run all tests on one ansible-core; the next five targets are its parts
	$(PYTEST)

unit: .venv/.made-for  ## test the engine and the structure of the collection
	$(PYTEST) tests/unit

contract: .venv/.made-for  ## test the simulators, or real servers, against the recorded contracts
	$(PYTEST) tests/contract

modules: .venv/.made-for  ## test the modules through tasks
	$(PYTEST) tests/modules

playbooks: .venv/.made-for  ## test each playbook end to end
	$(PYTEST) tests/playbooks

fleets: .venv/.made-for  ## test whole fleets: changed declarations, faults, lost secrets, older servers
	$(PYTEST) tests/fleets

molecule: .venv/.made-for  ## run the molecule scenarios of the playbooks
	$(RUN) tools/molecule

cores: .venv/.made-for  ## run the tests of playbooks on each supported ansible-core (`make test`: some of them, on the oldest)
	CORES="$(CORES)" tools/cores $(TESTS)

proof: .venv/.made-for  ## run all tests on one ansible-core with all tries; `make test` runs a sample of the long series
	FLEETGATE_PROOF=all $(PYTEST)

bench: .venv/.made-for  ## measure all figures of docs/benchmarks.md (one hour on an idle machine)
	@tools/venv build/benchmarks/venv $$(tools/python 3.13 3.12 3.11) -r requirements.txt ansible
	$(RUN) python -m tests.benchmarks --python build/benchmarks/venv/bin/python

clean:  ## remove everything that make created
	rm -rf .venv .ansible .cache .mypy_cache .ruff_cache build
