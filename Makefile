# make serve   create the environment, install, serve on http://127.0.0.1:8000 (HOST, PORT, WORKERS)
# make test    lint, format, types, tests: everything that has to be green
# make fuzz    damaged requests against the service for FUZZ_SECONDS (600): no 500, no hang
# make format  rewrite the code in the project's format
# make clean   remove the environments

PYTHON ?= python3
SERVE := .venv
DEV := .venv-dev
PIP := -m pip --disable-pip-version-check install --quiet

.PHONY: serve test lint fuzz format clean
.DEFAULT_GOAL := serve

serve: $(SERVE)/installed
	@$(SERVE)/bin/python -m app

test: lint
	$(DEV)/bin/python -m pytest

lint: $(DEV)/installed
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy

fuzz: $(DEV)/installed
	$(DEV)/bin/python benchmarks/fuzz.py --seconds $(or $(FUZZ_SECONDS),600)

format: $(DEV)/installed
	$(DEV)/bin/ruff check --fix .
	$(DEV)/bin/ruff format .

clean:
	rm -rf $(SERVE) $(DEV)

# Serving needs no torch, so it has an environment of its own.
$(SERVE)/installed: pyproject.toml
	$(PYTHON) -m venv $(SERVE)
	$(SERVE)/bin/python $(PIP) --editable .
	@touch $@

# pip takes a CPU build of torch where the machine offers one. It comes first and alone, so that
# torchvision, whose wheel names a CUDA build, settles for it.
$(DEV)/installed: pyproject.toml
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python $(PIP) torch==2.13.0
	$(DEV)/bin/python $(PIP) --editable '.[train,benchmark,bulk,dev]'
	@touch $@
