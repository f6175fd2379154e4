# make serve   create the environment, install, serve on http://127.0.0.1:8000 (HOST, PORT, WORKERS)
# make test    lint, format, types, tests: everything that has to be green
# make fuzz    damaged requests against the service for FUZZ_SECONDS (600): no 500, no hang
# make fuzz-decoder  damaged files against the decoder, guided by the branches they reach
# make lock    requirements.lock: the image's packages, by version and hash
# make audit   known vulnerabilities of those packages, asked for on the network
# make sbom    build/sbom.json: what the image holds, as CycloneDX
# make format  rewrite the code in the project's format
# make clean   remove the environments

PYTHON ?= python3
SERVE := .venv
DEV := .venv-dev
RELEASE := .venv-release
PIP := -m pip --disable-pip-version-check install --quiet

.PHONY: serve test lint fuzz fuzz-decoder lock audit sbom format clean
.DEFAULT_GOAL := serve

serve: $(SERVE)/installed
	@$(SERVE)/bin/python -m app

# Two processes, for the browser mostly waits for frames; whoever is done takes over the other's.
test: lint
	$(DEV)/bin/python -m pytest --numprocesses 2 --dist worksteal

lint: $(DEV)/installed
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy

fuzz: $(DEV)/installed
	$(DEV)/bin/python benchmarks/fuzz.py --seconds $(or $(FUZZ_SECONDS),600)

# pip-compile asks whatever index pip asks; the file names none.
LOCK := $(RELEASE)/bin/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url \
	--no-emit-trusted-host --no-emit-find-links --no-emit-options --no-header --allow-unsafe --upgrade

lock: $(RELEASE)/installed
	$(LOCK) --output-file requirements.lock pyproject.toml
	$(LOCK) --output-file requirements-build.lock --only-build-deps --all-build-deps pyproject.toml

audit: $(RELEASE)/installed
	$(RELEASE)/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

sbom: $(RELEASE)/installed
	@mkdir -p build
	$(RELEASE)/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
		--output-reproducible --validate --output-file build/sbom.json

fuzz-decoder: $(DEV)/installed
	$(DEV)/bin/python $(PIP) --editable '.[fuzz]'
	$(DEV)/bin/python benchmarks/fuzz_decoder.py --seconds $(or $(FUZZ_SECONDS),600)

format: $(DEV)/installed
	$(DEV)/bin/ruff check --fix .
	$(DEV)/bin/ruff format .

clean:
	rm -rf $(SERVE) $(DEV) $(RELEASE)

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
	$(DEV)/bin/python $(PIP) --editable '.[train,benchmark,bulk,otel,dev]'
	@touch $@

$(RELEASE)/installed: pyproject.toml
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python $(PIP) --editable '.[release]'
	@touch $@
