"""Joining the processes that train together. Two that do run in test_cluster.py."""

import sys

import keras
import pytest

from nnlab.training import join_processes

jax = pytest.importorskip("jax")


@pytest.fixture
def asked(monkeypatch):
    """What JAX is asked when Keras computes with it and a process joins; nothing is started."""
    found = {}
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(jax.distributed, "initialize", lambda **options: found.update(options))
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID"):
        monkeypatch.delenv(f"KERAS_DISTRIBUTION_{name}", raising=False)
    return found


def test_jax_is_told_what_the_launcher_says(asked, monkeypatch, helper):
    monkeypatch.setenv("KERAS_DISTRIBUTION_JOB_ADDRESSES", "127.0.0.1:1234")
    monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", "2")
    monkeypatch.setenv("KERAS_DISTRIBUTION_PROCESS_ID", "1")
    assert helper(join_processes)(silence=7) == (1, 2)
    assert asked == {
        "coordinator_address": "127.0.0.1:1234",
        "num_processes": 2,
        "process_id": 1,
        "heartbeat_timeout_seconds": 7,
    }


def test_what_no_launcher_says_is_left_to_jax(asked, helper):
    helper(join_processes)()
    assert asked == {
        "coordinator_address": None,
        "num_processes": None,
        "process_id": None,
        "heartbeat_timeout_seconds": 20,
    }


def test_a_program_that_nobody_launched_is_told_how_to_start(asked, monkeypatch, helper):
    def refuse(**options):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", refuse)
    with pytest.raises(ValueError, match=r"coordinator_address.*: start the program by nnlab"):
        helper(join_processes)()
    assert sys.excepthook is sys.__excepthook__


def test_another_backend_is_refused(monkeypatch, helper):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(RuntimeError, match="got torch: set KERAS_BACKEND=jax"):
        helper(join_processes)()
