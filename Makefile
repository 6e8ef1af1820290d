# make install   the environment in .venv          make test    lint, types, layers and all tests
# make demo      train and report on Fashion-MNIST make lock    renew the pinned versions
# make docs      the site, build/site/index.html   make docs-check  whether gallery and networks are up to date
# make bench     the quick measurements, 15 min    make pretrained  train the shipped models
# make slow      what `make test` leaves out        make wheel-check  the wheel in an empty environment
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: install demo test slow lint lock docs docs-check bench wheel wheel-check pretrained clean

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Sightline needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: install
	$(BIN)/sightline train fashion-mnist --epochs 25

test: install lint
	$(BIN)/python -m pytest -n auto --dist loadfile

slow: install
	$(BIN)/python -m pytest -n auto --dist loadfile -m slow

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install
	$(BIN)/python tools/build_gallery.py
	$(BIN)/python tools/build_models.py
	$(BIN)/python tools/build_site.py

docs-check: install
	$(BIN)/python tools/build_gallery.py --check
	$(BIN)/python tools/build_models.py --check

# into a file of its own: the published figures are those of more rounds
bench: install
	BENCH_RESULTS=bench.md $(BIN)/python benchmarks/quick.py

# as it would be uploaded: build/dist
wheel: install
	rm -rf build/dist
	$(BIN)/python -m build --no-isolation --outdir build/dist

# the wheel in an empty environment, and what is asked of it there
wheel-check: wheel
	$(PYTHON) -m venv --clear build/wheel-env
	sed -e '/--hash/d' -e 's/ \\$$//' requirements.lock > build/constraints.txt
	build/wheel-env/bin/pip install --quiet --constraint build/constraints.txt build/dist/*.whl
	build/wheel-env/bin/python -P tools/smoke_test.py

pretrained: install
	$(BIN)/python tools/build_pretrained.py

# uv resolves for all systems and Pythons at once; no registry is named in the result
lock: install
	$(BIN)/uv pip compile pyproject.toml --extra cluster --extra jax --extra serve --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf .venv build dist runs .mypy_cache .ruff_cache .pytest_cache
