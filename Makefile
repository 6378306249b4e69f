# Every target sets up what it needs first; what is there already is not done again, and then no network is needed.
# None needs root, none changes the system outside this directory and the temporary one, but the caches of pip and npm.

SHELL := /bin/sh
PYTHON := .venv/bin/python
# Most tests wait for a server, so four at a time fill two cores.
AT_ONCE := 4

.PHONY: help setup servers page demo test soak bench bench-quick check clean

help:
	@echo "make demo         a throwaway PostgreSQL under load, watched, with the page's address on the console"
	@echo "make test         every test, on PostgreSQL 14 to 18"
	@echo "make soak         what is long by nature: up to two hours"
	@echo "make bench        the promises, measured: about 55 minutes; bench-quick 3 to 4"
	@echo "make check        format, lint, types, import contract, docs, page"
	@echo "make setup        only the environment: .venv/bin/pgvigil with the test tools"
	@echo "make page         only the web page"

setup:
	@tools/setup

servers: setup
	@$(PYTHON) tools/servers.py

page: setup
	@tools/node $(PYTHON) hatch_build.py

demo: page
	@.venv/bin/pgvigil demo $(ARGS)

test: servers page
	@tools/test test $(AT_ONCE) $(ARGS)

soak: servers page
	@tools/test soak $(AT_ONCE) --timeout 7200 --soak-table=docs/measured/soak.md $(ARGS)

bench: servers page
	@$(PYTHON) tools/servers.py prometheus exporter
	@$(PYTHON) -m bench $(ARGS)

bench-quick: servers page
	@$(PYTHON) -m bench --quick $(ARGS)

check: setup
	@tools/check

clean:
	rm -rf .venv .cache web/node_modules src/pgvigil/serve/page
