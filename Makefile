# Two commands to know: make run, make test. Both make the environment they need.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys, venv, ensurepip; assert (3, 11) <= sys.version_info[:2] <= (3, 13)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# With a GPU: make run EXTRAS=dev,gpu. What the environment was made with stays until other extras are named.
EXTRAS ?= $(or $(shell cat .venv/ready 2>/dev/null),dev)
BACKEND ?= tensorflow
CONSTRAINTS ?= constraints.txt

export TF_CPP_MIN_LOG_LEVEL ?= 3
ifdef NNLAB_DATA  # notebooks run in their own folder: make the folders absolute
override NNLAB_DATA := $(shell $(PYTHON) -c 'import os, sys; print(os.pathsep.join(map(os.path.abspath, map(os.path.expanduser, sys.argv[1].split(os.pathsep)))))' '$(NNLAB_DATA)')
export NNLAB_DATA
endif

.PHONY: help run lab test lint site notebooks trained bench constraints owner clean
help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

run: .venv/ready  ## run every notebook once, quickly, two at a time; ends by naming the gallery to open
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/nnlab run --quick --jobs 2 --out build/run

lab: .venv/ready  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir notebooks

# Workers of one thread each: with more, the threads of one wait for those of the other. Three for two cores, as tests
# wait for kernels and servers now and then. A file stays in one worker.
# conftest.py hands out the longest first, and lets notebooks run quickly on the data sets that stand in for the real ones.
# A kernel that dies is noticed when its cell's time is over.
PYTEST = rm -rf build/no-data && $(JAX_CACHE) OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 \
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --nbval-lax

ifeq ($(BACKEND),tensorflow)
test: lint  ## everything CI checks; with NNLAB_DATA=folder also notebook 01 in full on real MNIST
	$(PYTEST) --nbval-cell-timeout=120 tests notebooks

else
# What does not touch Keras is the same on every backend.
TESTS_OF_KERAS := tests/models tests/trained tests/training $(addprefix tests/test_,backends.py bench.py decoding.py explaining.py notebook.py sampling.py)
NOTEBOOKS_OF_KERAS := notebooks/01_mnist_mlp.ipynb notebooks/04_dcgan.ipynb
# JAX compiles the same program once for each network: what one test has compiled, the next one reads.
JAX_CACHE = JAX_COMPILATION_CACHE_DIR="$(CURDIR)/build/jax" \
	JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1
test: lint  ## BACKEND=jax or BACKEND=torch: the tests that touch Keras, and two notebooks, on that backend
	$(call install,$(BACKEND))
	export KERAS_BACKEND=$(BACKEND) && $(PYTEST) --nbval-cell-timeout=300 $(TESTS_OF_KERAS) $(NOTEBOOKS_OF_KERAS)
endif

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# What `make test` needs does without Sphinx; the tests of the built pages run here.
site: .venv/ready  ## build the site from the stored outputs, without running them, and check it: build/site/index.html
	$(BIN)/python -c 'import myst_nb, sphinx_book_theme, sphinx_copybutton, sphinx_design' 2>/dev/null || { $(call install,docs); }
	rm -rf build/site build/site-source build/site-trees build/jupyter_execute
	$(BIN)/python docs/gather.py build/site-source
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs -d build/site-trees build/site-source build/site
	$(BIN)/nnlab demo --no-browser --out build/site/_static/digit.html
	NNLAB_SITE="$(CURDIR)/build/site" $(BIN)/pytest tests/docs/test_site.py

notebooks: .venv/ready  ## run every notebook and all solutions in full, keep outputs, bring the tables up to date
	rm -rf build/notebooks build/solutions
	$(BIN)/nnlab run --full --out build/notebooks --models build/models
	$(BIN)/nnlab run --full --out build/solutions notebooks/solutions
	cp build/notebooks/*.ipynb notebooks/
	cp build/solutions/*.ipynb notebooks/solutions/
	$(BIN)/python docs/results.py

trained: .venv/ready  ## make the trained networks in nnlab/trained anew, by full runs of notebooks 01 to 04 and 60
	$(BIN)/nnlab run --full --out build/trained --models build/models $(wildcard notebooks/0[1-4]_*.ipynb notebooks/60_*.ipynb)
	$(BIN)/python docs/trained.py build/models

BENCH ?= mlp cnn text sampling levers dcgan unet detector translation transfer startup loaders streaming processes \
	precision serving
bench: .venv/ready  ## time nnlab beside its peers, for hours; see bench/README.md
	$(call install,bench)
	set -e; for name in $(BENCH); do $(BIN)/python bench/$$name.py $(OPTIONS); done
	$(if $(findstring --quick,$(OPTIONS)),,$(BIN)/python bench/report.py)

# PyTorch is chosen by hand, being built for one kind of GPU or none; what its GPU builds bring along is not held fast.
# Only what the index has for everybody counts, no wheel that lies on this machine.
constraints: .venv/ready  ## choose the versions in constraints.txt again: for each Python, the newest that work together
	mkdir -p build
	echo 'torch==2.13.0' > build/chosen.txt
	$(FOR_UV) UV_FIND_LINKS= $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-annotate \
		--custom-compile-command 'make constraints' --constraint build/chosen.txt --extra dev --extra bench --extra docs \
		--output-file build/constraints.txt pyproject.toml
	grep -vE '^(nvidia|cuda|triton==)' build/constraints.txt > constraints.txt

owner:  ## write who publishes nnlab wherever its address stands: make owner OWNER=alice
	$(PYTHON) docs/address.py '$(OWNER)'

clean:  ## remove the environment and everything built; data/ stays
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis *.egg-info

# uv installs several times as fast as pip, which brings it; where it cannot be had, or finds less than pip does, pip
# goes on. What the environment tells pip about where to look holds for uv, too.
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS)
FOR_UV = UV_FIND_LINKS="$${UV_FIND_LINKS:-$$PIP_FIND_LINKS}" UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$PIP_INDEX_URL}"
UV = $(FOR_UV) $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --constraint $(CONSTRAINTS)
install = { $(PIP) uv && $(UV) --editable '.[$(1)]'; } || $(PIP) --compile --editable '.[$(1)]'

# An environment is stale when it was moved, when its Python is gone, when a requirement changed, or when other extras
# are asked for.
ifneq ($(shell $(BIN)/python -c 'import sys; print(sys.prefix, open(".venv/ready").read())' 2>/dev/null),$(CURDIR)/.venv $(EXTRAS))
.PHONY: .venv/ready
endif
.venv/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "nnlab needs Python 3.11, 3.12 or 3.13 with its venv module (Debian, Ubuntu: apt install python3-venv). To name one: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(call install,$(EXTRAS))
	@echo '$(EXTRAS)' > $@
