# `make demo` needs little and takes a minute; `make test` sets up everything. Both make .venv by themselves.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Also holds for the packages that build this one.
PIP := PIP_CONSTRAINT='$(CURDIR)/constraints.txt' $(BIN)/python -m pip install --quiet --disable-pip-version-check
SETUP := .venv/made pyproject.toml constraints.txt

.PHONY: demo test train report docs site clean

# Three cases: everyday answers, too few of them, and two files beside each other. A verdict is no error here.
demo: .venv/demo
	mkdir -p build
	HF_HUB_OFFLINE=1 $(BIN)/fingerprint identify corpora/examples/everyday.jsonl --html build/demo.html
	@echo
	HF_HUB_OFFLINE=1 $(BIN)/fingerprint identify corpora/examples/short.jsonl
	@echo
	HF_HUB_OFFLINE=1 $(BIN)/fingerprint compare corpora/examples/responses.jsonl corpora/examples/everyday.jsonl || \
		test $$? -ne 2
	@echo
	@echo 'The first verdict as a page: $(CURDIR)/build/demo.html'

test: .venv/full
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	HF_HUB_OFFLINE=1 $(BIN)/pytest --numprocesses 2 --dist loadfile --cov --cov-report term

# make train ARGS="CORPUS... --out DIR"
train: .venv/full
	HF_HUB_OFFLINE=1 $(BIN)/fingerprint train $(ARGS)

# make report ARGS="CORPUS... --out DIR"
report: .venv/full
	HF_HUB_OFFLINE=1 $(BIN)/fingerprint evaluate $(ARGS)

# Writes the pages that tests compare with the program.
docs: .venv/full
	$(BIN)/python -m tests.cli.help_page docs/cli.md
	$(BIN)/python -m tests.data.formats_page docs/formats.md
	$(BIN)/python -m tests.store.format_page docs/model-format.md
	$(BIN)/python -m tests.report.schema_page docs/verdict.schema.json
	$(BIN)/python -m tests.report.evaluation.committed docs/evaluation
	$(BIN)/python -m tests.readme README.md docs/verify.md docs/compare.md

# The site of docs/ in build/site; a link that leads nowhere is an error.
site: .venv/full
	$(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf .venv build dist

.venv/made:
	$(PYTHON) -m venv .venv
	touch $@

.venv/demo: $(SETUP)
	$(PIP) --editable '.[report]'
	touch $@

.venv/full: $(SETUP)
	$(PIP) --editable '.[cluster,collect,corpora,docs,evaluate,hub,test,tokenizers,web]'
	touch .venv/demo $@
