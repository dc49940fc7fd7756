# Two commands for a newcomer: `make demo` and `make test`. Both set everything up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test lint unit kerberos lock campaign bench clean

$(READY): pyproject.toml requirements-dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

demo: $(READY)
	$(BIN)/mailbot demo $(ARGS)

test: lint unit

# What the tests of Kerberos need beside the rest; else they are skipped. Compiles gssapi and bonsai, with gcc,
# libkrb5-dev, libldap2-dev and libsasl2-dev.
kerberos: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-kerberos.lock

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(READY)
	$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

# Long runs in which chance decides, and the properties at length. Not part of `make test`; ARGS=--short is a
# slice of it, without the properties. Kills over SMTP need a real Postfix. See tests/campaign/README.md.
campaign: $(READY)
	$(BIN)/python -m tests.campaign $(ARGS)
	$(if $(ARGS),,HYPOTHESIS_PROFILE=campaign $(BIN)/pytest tests/property)

bench: $(READY)
	$(BIN)/python -m tests.bench.bench_exchange $(ARGS)
	$(BIN)/python -m tests.bench.bench_memory
	$(BIN)/python tests/bench/bench_throttling.py
	$(BIN)/python tests/bench/bench_store.py
	$(BIN)/python -m tests.bench.bench_directory

# Exact versions of everything, for every platform, without the address of any registry.
lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --no-config --extra postgres --extra ldap --extra report pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --no-config --extra dev --extra build pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --no-config --extra postgres --extra kerberos --extra ldap-kerberos \
	  --constraint requirements.lock pyproject.toml -o requirements-kerberos.lock

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .hypothesis build dist
