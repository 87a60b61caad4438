# `make demo` and `make test` need nothing but Debian's python3 and make; everything else is put into .venv and build.
.DEFAULT_GOAL := help
.PHONY: help demo check test bench format lint types sanity importer tests unit contract modules playbooks fleets molecule cores clean
SHELL := bash
PYTHON ?= $(shell tools/python)
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"
# tests that go on from each other are in one file; many of them wait for something, so there is one more than cores
PYTEST := $(RUN) python -m pytest -q -n $$(($$(nproc) + 1)) --dist loadfile -p no:cacheprovider

help:  ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

demo:  ## show the main job on a simulated fleet
	@tools/venv build/demo/venv $(PYTHON) -r requirements.txt -r tests/simulators/requirements.txt 'ansible-core>=2.17,<2.22'
	@build/demo/venv/bin/python -m tools.demo

check: lint types unit  ## the inner loop, in less than five minutes: lint, types, unit tests, one playbook
	$(PYTEST) tests/playbooks/test_wire.py -k homelab

test: lint types sanity importer tests molecule cores  ## run all tests
	@echo "all tests passed"

.venv/.made-for: requirements.txt requirements-dev.txt tests/requirements.txt tests/simulators/requirements.txt
	@tools/venv .venv $(PYTHON) -r requirements-dev.txt

format: .venv/.made-for  ## format all Python, and mend what ruff can mend
	$(RUN) ruff check --quiet --fix --exit-zero .
	$(RUN) ruff format --quiet .

lint: .venv/.made-for  ## ruff, ansible-lint, yamllint, changelog
	$(RUN) tools/lint

types: .venv/.made-for  ## mypy, and whether as many functions have types as before
	$(RUN) tools/types

sanity: .venv/.made-for  ## ansible-test sanity
	$(RUN) tools/sanity

importer: .venv/.made-for  ## what Galaxy checks at an upload, on the built tarball
	$(RUN) tools/importer

tests: .venv/.made-for  ## all tests on one ansible-core; the next five are its parts
	$(PYTEST)

unit: .venv/.made-for  ## tests of the engine
	$(PYTEST) tests/unit

contract: .venv/.made-for  ## tests of the simulators, which real servers can take too
	$(PYTEST) tests/contract

modules: .venv/.made-for  ## tests of the modules, through tasks
	$(PYTEST) tests/modules

playbooks: .venv/.made-for  ## each playbook, through all that it does
	$(PYTEST) tests/playbooks

fleets: .venv/.made-for  ## what becomes of fleets: other declarations, faults, lost secrets, older servers
	$(PYTEST) tests/fleets

molecule: .venv/.made-for  ## molecule scenarios of the playbooks
	$(RUN) tools/molecule

cores: .venv/.made-for  ## unit and playbook tests on each ansible-core
	tools/cores

bench: .venv/.made-for  ## take all figures of docs/benchmarks.md, which takes an hour on an idle machine
	@tools/venv build/benchmarks/venv $$(tools/python 3.13 3.12 3.11) -r requirements.txt ansible
	$(RUN) python -m tests.benchmarks --python build/benchmarks/venv/bin/python

clean:  ## remove what was made
	rm -rf .venv .ansible .cache .mypy_cache .ruff_cache build
