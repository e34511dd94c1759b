# `make help` lists what there is. Every target sets up what it needs; a second run is quick.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -W ignore
PYTEST := $(RUN) -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder
ROLE ?= owner
TESTS := tests/house tests/unit tests/oracle tests/warehouse tests/dags
ARGS ?=
LEADS ?=
EXITS ?=
SEEDS ?=
PART ?=
KINDS ?=

export PYTHONPATH := $(CURDIR)/plugins$(if $(PYTHONPATH),:$(PYTHONPATH))
# Each of these libraries reports its use to its makers unless told not to.
export DBT_SEND_ANONYMOUS_USAGE_STATS := False
export GX_ANALYTICS_ENABLED := False
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := False
export SCARF_ANALYTICS := false
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all up down nightly pull withdraw freeze sample extend handoff-verify intake backfill psql url metrics docs \
        check-agreement check-connection bench bench-integrity bench-monster bench-review \
        lint format lock clean clean-all

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make the virtual environment from the locked requirements
	@$(PYTHON) tools/setup_environment.py

demo: setup ## run the whole pipeline on a simulated company and show what comes out
	@$(RUN) -m lead_handoff.cli demo $(ARGS)

nightly: setup ## run one night: make nightly DATE=2026-05-01
	@$(call need,DATE,2026-05-01)
	@$(RUN) -m lead_handoff.cli nightly --date "$(DATE)" $(ARGS)

backfill: setup ## run the nights of a period: make backfill FROM=2026-05-01 TO=2026-05-07
	@$(call need,FROM,2026-05-01)
	@$(call need,TO,2026-05-07)
	@$(RUN) -m lead_handoff.cli backfill --from "$(FROM)" --to "$(TO)" $(ARGS)

report: setup ## say once more what the published night brought and what the marts make of it
	@$(RUN) -m lead_handoff.cli report $(ARGS)

freeze: setup ## freeze a month before its seed is named, and show its hash: make freeze MONTH=2026-05
	@$(call need,MONTH,2026-05)
	@$(RUN) -m lead_handoff.cli freeze --month "$(MONTH)" $(ARGS)

sample: setup ## draw a month's rejection sample: make sample MONTH=2026-05 [SEED=…]
	@$(call need,MONTH,2026-05)
	@$(RUN) -m lead_handoff.cli sample --month "$(MONTH)" $(if $(SEED),--seed "$(SEED)") $(ARGS)

extend: setup ## add cases to a drawn sample, redrawing nothing: make extend MONTH=2026-05 SIZE=60
	@$(call need,MONTH,2026-05)
	@$(call need,SIZE,60)
	@$(RUN) -m lead_handoff.cli extend --month "$(MONTH)" --size "$(SIZE)" $(ARGS)

handoff-verify: ## redraw a month's sample from its published files, yes or no: make handoff-verify MONTH=2026-05
	@$(call need,MONTH,2026-05)
	@cd "$${HANDOFF_HOME:-.handoff}/review/$(MONTH)" && for manifest in manifest.json manifest-extension-*.json; do \
		[ -e "$$manifest" ] || continue; echo "$$manifest"; \
		$(PYTHON) verify.py "$$manifest" && $(PYTHON) verify_reviewers.py "$$manifest" || exit 1; done

intake: setup ## take in the case files that reviewers returned to review/intake/<user id>/
	@$(RUN) -m lead_handoff.cli intake $(ARGS)

check-agreement: setup ## check the agreement's files: make check-agreement [HANDOFF_AGREEMENT=…]
	@$(RUN) -m lead_handoff.cli check-agreement $(ARGS)

check-connection: setup ## say what a connection lacks: make check-connection [CONN=salesforce_default]
	@$(RUN) -m lead_handoff.cli check-connection $(if $(CONN),--conn "$(CONN)") $(ARGS)

pull: setup ## pull a night from the sources: make pull DATE=2026-05-01 [CONN=salesforce_default]
	@$(call need,DATE,2026-05-01)
	@$(RUN) -m lead_handoff.cli pull --date "$(DATE)" $(if $(CONN),--conn "$(CONN)") $(ARGS)

withdraw: setup ## take a landed version out: make withdraw SOURCE=… OBJECT=… KEY=… STAMP=… WHY="…" [BY="…"]
	@$(call need,SOURCE,salesforce)
	@$(call need,OBJECT,Lead)
	@$(call need,KEY,00Q000000000001AAA)
	@$(call need,STAMP,2026-05-01T08:00:00Z)
	@$(call need,WHY,amount in cents)
	@$(RUN) -m lead_handoff.cli withdraw --source "$(SOURCE)" --object "$(OBJECT)" --key "$(KEY)" \
		--stamp "$(STAMP)" --why "$(WHY)" $(if $(BY),--by "$(BY)") $(ARGS)

up: setup ## start PostgreSQL and Airflow with its UI
	@$(RUN) -m lead_handoff.local up

down: ## stop all of them
	@if [ -x $(VENV)/bin/python ]; then $(RUN) -m lead_handoff.local down; fi

url: setup ## print the warehouse's DSN and nothing else: make url [ROLE=analyst]
	@$(RUN) -m lead_handoff.local url --role "$(ROLE)"

psql: setup ## open psql on the warehouse: make psql [ROLE=analyst]
	@$(RUN) -m lead_handoff.local psql --role "$(ROLE)"

metrics: setup ## answer for metrics: make metrics QUERY="--metrics human_acceptance_rate --group-by metric_time__month"
	@$(RUN) -m lead_handoff.dbt metrics -- $(QUERY)

docs: setup ## write the pages and the diagram of the marts, and dbt's documentation site
	@$(RUN) -m lead_handoff.dbt docs

test: setup ## run the tests, the fast ones first, in under ten minutes: make test [ARGS="-k wording"]
	@$(PYTEST) -m "not thorough" $(wildcard $(TESTS)) $(ARGS)

test-all: setup ## run everything, in under an hour: what `make test` runs and what takes longer
	@$(PYTEST) $(wildcard $(TESTS)) $(ARGS)

bench: setup ## measure a full build and a night against plain COPY: make bench [LEADS=200000]
	@$(RUN) bench/build_and_night.py $(if $(LEADS),--leads "$(LEADS)") $(ARGS)

bench-integrity: setup ## measure how good the rules are: make bench-integrity [PART=innocent] [KINDS="plain"] [SEEDS="1 2"]
	@$(RUN) bench/integrity.py $(if $(PART),--part $(PART)) $(if $(KINDS),--kinds $(KINDS)) $(if $(LEADS),--leads "$(LEADS)") $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

bench-monster: setup ## measure one monstrous lead beside the same rows spread over many: make bench-monster [SCALE=0.1]
	@$(RUN) bench/monster.py $(if $(SCALE),--scale "$(SCALE)") $(ARGS)

bench-review: setup ## measure freezing, drawing and verifying a month: make bench-review [EXITS=1000000]
	@$(RUN) bench/review_speed.py $(if $(EXITS),--exits "$(EXITS)") $(ARGS)

lint: setup ## run the linters that `make test` runs, and show all they say
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/python $(VENV)/bin/lint-imports
	@if [ -e .sqlfluff ]; then $(RUN) -m sqlfluff lint --processes 2 dbt_project; fi

format: setup ## put Python code into the house's layout
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

lock: setup ## resolve requirements*.in into the lock files, with hashes
	@for part in -bootstrap "" -celery; do \
	    echo "locking requirements$$part.txt"; \
	    $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	        --python $(VENV)/bin/python --generate-hashes \
	        --custom-compile-command "make lock" \
	        requirements$$part.in --output-file requirements$$part.txt || exit; \
	done

clean: ## delete caches and what dbt compiled; data stays
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@rm -rf .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	@rm -rf dbt_project/target dbt_project/logs

clean-all: down clean ## stop everything and delete the environment and all local data
	@rm -rf "$${HANDOFF_HOME:-.handoff}" $(VENV) .venv.lock

need = $(if $($(1)),:,echo "error: $(1) is missing; for example: make $@ $(1)=$(2)" >&2; exit 2)
