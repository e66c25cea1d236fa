# Everything a person or a machine does with this project. `make help` lists it.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
PYTHON := .venv/bin/python
SETUP := python3 -I phr/launch/setup.py
LOCK := .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-config
# mypy's Django plug-in reads the settings; it connects to nothing.
SETTINGS_FOR_TYPES := SECRET_KEY=types DATABASE_URL=postgresql:///phr \
	VAULT_DATABASE_URL=postgresql:///phr_vault REDIS_URL=unix:///none
# Real processes, clocks and browsers meet chance: what failed (1) is run once more by itself, aloud.
AGAIN = { [ $$? = 1 ] && echo "Failed above; once more, by themselves:" && \
	$(PYTHON) -m pytest -v --maxfail 3 --last-failed --last-failed-no-failures none; }

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 13

.PHONY: setup
setup: ## Make .venv with everything for developing and testing
	@$(SETUP) dev

.PHONY: run
run: ## Start the portal with a demo on http://localhost:8000 (PORT, PHR_DATA_DIR, DATABASE_URL, REDIS_URL)
	@$(SETUP) demo
	@PHR_STOP_WITH_PARENT=1 exec $(PYTHON) -m phr.launch

.PHONY: test
test: setup ## Run every check and every test, as CI does
	@$(PYTHON) -m phr.launch.chromium
	@$(MAKE) lint
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder || $(AGAIN)

.PHONY: check
check: setup lint ## Run the fast checks and tests
	@$(PYTHON) -m pytest -q -m "not browser and not chaos and not property and not slow"

.PHONY: lint
lint: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@$(SETTINGS_FOR_TYPES) .venv/bin/mypy .

.PHONY: format
format: setup ## Put the code into shape
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

.PHONY: bench
bench: setup ## Measure speed and memory; BENCH="--million" adds the slow ones
	@$(PYTHON) -m tests.bench $(BENCH)

.PHONY: fuzz
fuzz: ## Search the readers of files for faults: SECONDS=60 each; TARGET="fhir pdf" names some
	@$(SETUP) fuzz
	@$(PYTHON) -m tests.fuzz $(or $(SECONDS),60) $(TARGET)

.PHONY: race
race: setup ## Take access away while many read through two web processes; RACE="--trials 10000"
	@$(PYTHON) -m tests.race $(RACE)

.PHONY: mutants
mutants: setup ## Break the rule of who sees what at one point after the other; the tests must notice each
	@$(PYTHON) -m pytest -q tests/property/test_broken_rules.py --hypothesis-profile=mutants $(MUTANTS)

.PHONY: drill
drill: setup ## Lose a portal of its own, restore it, and look that nothing comes back
	@$(PYTHON) -m tests.drill $(DRILL)

.PHONY: lock
lock: setup ## Resolve the dependencies again into requirements/
	@env -u PIP_FIND_LINKS $(LOCK) pyproject.toml -o requirements/base.txt
	@env -u PIP_FIND_LINKS $(LOCK) --extra demo -c requirements/base.txt pyproject.toml -o requirements/demo.txt
	@env -u PIP_FIND_LINKS $(LOCK) --extra dev -c requirements/demo.txt pyproject.toml -o requirements/dev.txt
	@env -u PIP_FIND_LINKS $(LOCK) --extra fuzz -c requirements/dev.txt pyproject.toml -o requirements/fuzz.txt
	@echo 'uv~=0.13' | env -u PIP_FIND_LINKS $(LOCK) - -o requirements/uv.txt

.PHONY: css
css: ## Compile static/scss into static/css/site.css (needs npm; the result is committed)
	@python3 -I phr/launch/css.py

.PHONY: screenshots
screenshots: setup ## Take the README's pictures of the demo again, into docs/img
	@$(PYTHON) -m tests.browser.screenshots

.PHONY: clean
clean: ## Remove .venv, the demo's data and every cache
	rm -rf .venv .data staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
