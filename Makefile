# Front door. Logic lives in Rust; recipes are one command each. `make help` lists the targets.

CARGO ?= cargo

# The packages that modules are made of, which are built for wasm32 too. A package has its folder's name.
MODULES = $(patsubst filters/%/wasm,%,$(wildcard filters/*/wasm))
IN_MODULES = $(filter-out filter-testing,$(patsubst shared/%/Cargo.toml,%,$(wildcard shared/*/Cargo.toml))) $(MODULES) $(MODULES:%=%-wasm)

# Either command of docker-compose.
COMPOSE = $(if $(shell docker compose version 2>/dev/null),docker compose,docker-compose) -p ballast -f envoy-configs/compose/docker-compose.yaml

.PHONY: help toolchain build manifests images test test-istio lint demo mesh mesh-all soak compose-files up down traffic bench check clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

toolchain: ## the pinned Rust toolchain's wasm32 targets
	@rustup target add wasm32-wasip1 wasm32-unknown-unknown

build: toolchain ## target/filters/*.wasm, and a table of their sizes
	$(CARGO) run --quiet --locked --package module-packager

manifests: build ## Istio's and Envoy Gateway's, with checksums in target/istio (REGISTRY=host/path)
	$(CARGO) run --quiet --locked --package manifests --bin manifests -- $(if $(REGISTRY),--registry $(REGISTRY))

images: build ## target/images: the modules as OCI layouts, to push with any tool
	$(CARGO) run --quiet --locked --package manifests --bin images

test: build ## everything that needs Rust and Envoy (ENVOY_VERSIONS="1.36.4 1.40.0" for more than one Envoy)
	$(CARGO) test --locked --workspace --no-fail-fast -- --show-output
	$(CARGO) run --quiet --locked --package integration --bin wasm32-tests -- $(REQUIRED)

test-istio: manifests images ## the manifests served by istiod to stock Envoy (needs Go and root)
	$(CARGO) run --quiet --locked --package manifests --bin istio-tests -- $(REQUIRED)

lint: ## rustfmt and clippy, natively and for wasm32
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked --lib --target wasm32-wasip1 $(IN_MODULES:%=--package %) -- -D warnings

demo: build ## stock Envoy injecting faults into live traffic, in this terminal
	$(CARGO) run --quiet --locked --package demo

mesh: build ## the tutorials' mesh; SCENARIO=1 plays a row of envoy-configs/mesh (STAY=1: and goes on running)
	@$(CARGO) run --quiet --locked --package mesh -- $(if $(SCENARIO),scenario $(SCENARIO) --scale $(or $(SCALE),1) $(if $(STAY),--stay))

mesh-all: build ## every row, expected and observed (SCALE=1: with waits as long as the pages')
	@$(CARGO) run --quiet --locked --package mesh -- all --scale $(or $(SCALE),0.1)

soak: build ## ten minutes of all filters in one chain, under the highest load that the machine holds (SECONDS=60)
	@$(CARGO) run --quiet --locked --release --package mesh -- soak --seconds $(or $(SECONDS),600)

compose-files: build ## target/compose: what the containers' Envoys and Prometheus read
	@$(CARGO) run --quiet --locked --package mesh -- compose --out target/compose

up: compose-files ## the mesh in docker-compose, with Grafana, Prometheus, Zipkin and a global quota
	$(COMPOSE) up --build --detach
	@echo "gateway http://127.0.0.1:20000  Grafana http://127.0.0.1:3000  Prometheus :9090  Zipkin :9411; try make traffic, then make down"

down: ## ends what `make up` began
	$(COMPOSE) down

traffic: ## requests of all kinds to the mesh of `make up` (SECONDS=30)
	@$(CARGO) run --quiet --locked --package mesh -- traffic --gateway 127.0.0.1:$(or $(GATEWAY_PORT),20000) --seconds $(or $(SECONDS),30)

bench: build ## instructions per request in Envoy (needs valgrind), engines and modules
	$(CARGO) run --quiet --locked --release --package envoy-runner --bin instruction-bench
	$(CARGO) bench --locked --workspace --bench '*'

check: lint test ## all that CI checks

clean: ## remove what was built
	$(CARGO) clean
