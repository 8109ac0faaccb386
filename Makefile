# Two commands to know: make run, make test. Both make the environment they need.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys, venv, ensurepip; assert (3, 11) <= sys.version_info[:2] <= (3, 13)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
EXTRAS ?= dev  # with a GPU: make run EXTRAS=dev,gpu
BACKEND ?= tensorflow
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

export TF_CPP_MIN_LOG_LEVEL ?= 3
ifdef NNLAB_DATA  # notebooks run in their own folder: make the folders absolute
export NNLAB_DATA := $(shell $(PYTHON) -c 'import os; print(os.pathsep.join(map(os.path.abspath, os.environ["NNLAB_DATA"].split(os.pathsep))))')
endif

.PHONY: help run lab test lint notebooks bench clean
help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

run: .venv/ready  ## run every notebook once, quickly, two at a time; ends by naming the gallery to open
	$(BIN)/nnlab run --quick --jobs 2 --out build/run

lab: .venv/ready  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir notebooks

ifeq ($(BACKEND),tensorflow)
test: lint  ## everything CI checks; with NNLAB_DATA=folder also notebook 01 in full on real MNIST
	$(BIN)/pytest tests
	rm -rf build/no-data && mkdir -p build/no-data
	NNLAB_DATA= NNLAB_OFFLINE=1 NNLAB_CACHE=$(CURDIR)/build/no-data NNLAB_QUICK=1 \
		$(BIN)/pytest --nbval-lax --nbval-cell-timeout=120 notebooks
ifneq ($(wildcard $(addsuffix /mnist/train-images-idx3-ubyte.gz,$(subst :, ,$(NNLAB_DATA)))),)
	NNLAB_OFFLINE=1 NNLAB_QUICK= $(BIN)/pytest --nbval-lax --nbval-cell-timeout=300 notebooks/01_mnist_mlp.ipynb
endif

else
# What does not touch Keras is the same on every backend.
TESTS_OF_KERAS = $(wildcard tests/test_models_*.py) $(addprefix tests/test_,backends.py resume.py text.py training.py)
test: lint  ## BACKEND=jax or BACKEND=torch: the tests that touch Keras, and two notebooks, on that backend
	$(PIP) --editable '.[$(strip $(EXTRAS)),$(BACKEND)]'
	KERAS_BACKEND=$(BACKEND) $(BIN)/pytest $(TESTS_OF_KERAS)
	rm -rf build/no-data && mkdir -p build/no-data
	KERAS_BACKEND=$(BACKEND) NNLAB_DATA= NNLAB_OFFLINE=1 NNLAB_CACHE=$(CURDIR)/build/no-data NNLAB_QUICK=1 \
		$(BIN)/pytest --nbval-lax --nbval-cell-timeout=300 notebooks/01_mnist_mlp.ipynb notebooks/04_dcgan.ipynb
endif

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

notebooks: .venv/ready  ## run every notebook in full and keep its outputs (before committing one)
	$(BIN)/nnlab run --full --out build/notebooks
	cp build/notebooks/*.ipynb notebooks/

BENCH ?= mlp cnn text sampling dcgan startup streaming precision
bench: .venv/ready  ## time nnlab beside its peers, for hours; see bench/README.md
	$(PIP) --editable '.[bench]'
	set -e; for name in $(BENCH); do $(BIN)/python bench/$$name.py $(OPTIONS); done
	$(if $(findstring --quick,$(OPTIONS)),,$(BIN)/python bench/report.py)

clean:  ## remove the environment and everything built; data/ stays
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis *.egg-info

# A virtual environment is stale when it was moved, when its Python is gone, when a requirement changed, or when other
# EXTRAS than it has are asked for.
ifneq ($(shell $(BIN)/python -c 'import sys; print(sys.prefix)' 2>/dev/null),$(CURDIR)/.venv)
.PHONY: .venv/ready
else ifneq ($(origin EXTRAS),file)
ifneq ($(shell cat .venv/ready 2>/dev/null),$(strip $(EXTRAS)))
.PHONY: .venv/ready
endif
endif
.venv/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "nnlab needs Python 3.11, 3.12 or 3.13 with its venv module (Debian, Ubuntu: apt install python3-venv). To name one: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(PIP) --compile --editable '.[$(strip $(EXTRAS))]'
	@echo '$(strip $(EXTRAS))' > $@
