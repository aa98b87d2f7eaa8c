# Set-up and short names; everything else is plain snakemake and pytest (see README.md).
PYTHON ?= python3
# Extra arguments of pip, such as an index of CPU-only builds of torch.
PIP_ARGS ?=
# A folder under profiles/, such as slurm.
PROFILE ?= default

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# A file under config/sweeps/, for `make sweep`.
SWEEP ?=
# Processes that the tests are spread over.
WORKERS ?= 2

.PHONY: help env paper quick estimator dynamics response score-table sweep resume test lint schema readme docs clean

help:
	@echo "make paper   the whole run: results/paper/report.html"
	@echo "make quick   the same on small data: results/quick/report.html"
	@echo "make estimator  errors and races of the estimator: results/estimator/report.html"
	@echo "make dynamics  densities and time scales of the models: results/dynamics/report.html"
	@echo "make response  predicted responses to a small forcing: results/response/report.html"
	@echo "make score-table  error and time of fit_score, KGMM and DSM by dimension and samples: results/score-table/"
	@echo "make sweep SWEEP=config/sweeps/sigma.yaml  one of the sweeps: results/sweep-sigma/report.html"
	@echo "make resume  the last run again, after Snakemake was killed"
	@echo "make readme  the tables of README and docs/results.md; RUNS='results/paper results/dynamics' takes the numbers of these runs"
	@echo "make docs    the documentation as a site that opens without a network: site/index.html"
	@echo "make test    the tests, in two processes (WORKERS=... chooses how many)"
	@echo "make env     only the set-up (PIP_ARGS=... is passed to pip, PYTHON=... chooses the interpreter)"
	@echo "make lint    checks the style of the code"
	@echo "make schema  writes what follows from the settings in src/kgmm/config/: schema and table of keys"
	@echo "make clean   removes results and environment"

env: $(READY)

$(READY): pyproject.toml envs/constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; $(PYTHON) is $$("$(PYTHON)" --version). Choose one with PYTHON=..."; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install $(PIP_ARGS) --constraint envs/constraints.txt --editable '.[workflow,test]'
	@touch $@

paper: env
	$(BIN)/snakemake --workflow-profile "profiles/$(PROFILE)"

quick: env
	$(BIN)/snakemake --workflow-profile profiles/quick

estimator: env
	$(BIN)/snakemake --workflow-profile "profiles/$(PROFILE)" --configfile config/estimator.yaml

dynamics: env
	$(BIN)/snakemake --workflow-profile "profiles/$(PROFILE)" --configfile config/dynamics.yaml

response: env
	$(BIN)/snakemake --workflow-profile "profiles/$(PROFILE)" --configfile config/response.yaml

# 104 core minutes; QUICK=1 takes five on two cores.
score-table: env
	$(BIN)/python benchmarks/estimator_table.py $(if $(QUICK),--quick)

sweep: env
	@test -f "$(SWEEP)" || { echo "SWEEP is '$(SWEEP)', which is no file: choose one of $$(ls config/sweeps/*.yaml | tr '\n' ' ')"; exit 1; }
	$(BIN)/snakemake --workflow-profile "profiles/$(PROFILE)" --configfile "$(SWEEP)"

# On a cluster the jobs of the killed run are cancelled first; the profile is that of the run.
resume: env
	$(BIN)/python -m kgmm.jobs.resume

# One thread each: the computations of the tests are too small for more, and threads that wait for a core that another
# process has cost more than they give.
test: env
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses "$(WORKERS)"

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check src workflow/scripts tests benchmarks

# After a change of the settings in src/kgmm/config/.
schema: env
	$(BIN)/python -m kgmm.config.schema

# The tables of README and docs/results.md, and their pictures, from the runs named (or from those taken over before).
readme: env
	$(BIN)/python docs/measured_tables.py $(RUNS)

docs: env
	NO_MKDOCS_2_WARNING=1 PYTHONWARNINGS=ignore::DeprecationWarning $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) .snakemake results/* site docs/generated src/*.egg-info
