# A machine to read nnlab on: JupyterLab at port 8888, and `make run`, as a user without rights of an administrator.
#
#   docker build --tag nnlab .                                    # for any machine
#   docker build --tag nnlab-gpu --build-arg EXTRAS=dev,gpu .     # for one with an NVIDIA GPU; run it with --gpus all
#   docker run --rm --init --publish 127.0.0.1:8888:8888 nnlab    # open the address that it prints
#   docker run --rm --init nnlab make run                         # or run all notebooks quickly
#
# With --volume nnlab-data:/home/reader/nnlab/data what is downloaded is kept.
FROM debian:trixie-slim AS tools
ENV LANG=C.UTF-8
# Debian keeps one version of each in a release: naming it would only break the build when a fault is mended.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git make python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --shell /bin/bash --uid 1000 reader \
    && install --directory --owner=reader --group=reader /home/reader/nnlab
USER 1000:1000
WORKDIR /home/reader/nnlab

# What the environment is made of comes first: when only a notebook changes, it is not made again.
FROM tools AS lab
ARG EXTRAS=dev
COPY --chown=1000:1000 Makefile pyproject.toml constraints.txt README.md LICENSE ./
COPY --chown=1000:1000 nnlab nnlab
RUN PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 make .venv/ready "EXTRAS=${EXTRAS}"
COPY --chown=1000:1000 . .
# A copy may be newer than the environment, whose step Docker remembers by contents alone.
RUN touch .venv/ready
EXPOSE 8888
CMD [".venv/bin/jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "--notebook-dir=notebooks"]
