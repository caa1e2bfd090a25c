# make demo and make test need nothing but Python 3.11 or newer; everything goes into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test test-all test-oldest mmocr-env test-mmocr coverage fuzz lint format docs

setup: .venv/.installed

.venv/.installed: requirements.txt setup.py pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev,export,pdf]"
	touch $@

# Train on synthetic scene text, score on images that were not trained on, draw what was found.
demo: setup
	$(BIN)/python tools/train.py configs/quickstart.yaml --overwrite
	$(BIN)/python tools/test.py configs/quickstart.yaml work_dirs/quickstart/inference.ckpt \
		--visualize work_dirs/quickstart/visualization

# A process a core, four at most: each takes a gigabyte. The files of the tests are shared out, each process computes on one core.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test: setup
	$(PYTEST)

test-all: setup
	$(BIN)/python -m pytest -m ""

# The default tests with the oldest versions that requirements.txt allows, in an environment of its own.
test-oldest: .oldest/.installed
	.oldest/bin/python -m pytest

.oldest/.installed: requirements.txt
	$(PYTHON) -m venv .oldest
	sed 's/>=\(.*\)/==\1.*/' requirements.txt > .oldest/requirements.txt
	.oldest/bin/python -m pip install --quiet --requirement .oldest/requirements.txt hypothesis pyclipper pytest "setuptools>=77"
	touch $@

# MMOCR 1.0.1 with what it is compatible with, in an environment of its own: PyTorch 2.0.1, Python 3.11 at most. mmcv's operators
# are compiled, a file at a time: 10 minutes of a core.
mmocr-env: .venv-mmocr/.installed

.venv-mmocr/.installed: requirements-openmmlab.txt requirements-mmocr.txt
	$(PYTHON) -m venv .venv-mmocr
	.venv-mmocr/bin/python -m pip install --quiet --requirement requirements-mmocr.txt --requirement requirements-openmmlab.txt
	MAX_JOBS=1 MMCV_WITH_OPS=1 .venv-mmocr/bin/python -m pip install --quiet --no-build-isolation mmcv==2.0.1
	.venv-mmocr/bin/python -m pip install --quiet --requirement requirements-mmocr.txt mmocr==1.0.1
	.venv-mmocr/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The integration, and the backbones with that PyTorch.
test-mmocr: mmocr-env
	OMP_NUM_THREADS=1 .venv-mmocr/bin/python -m pytest tests/integrations/openmmlab tests/models/backbones tests/models/prompting

# The default tests, and which lines they run.
coverage: setup
	$(PYTEST) --cov=tcm --cov-report=term-missing:skip-covered

# Feed 20,000 mutated files to everything that reads a user's files; what is found is kept as a test.
fuzz: setup
	$(BIN)/python -m tests.reliability.fuzz

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The site of the documentation, in site/; its generator is installed on first use. The variable silences a note on its successor.
docs: .venv/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

.venv/.docs: .venv/.installed
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	touch $@
