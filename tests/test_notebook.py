"""How a notebook begins and ends."""

import json
import os

import keras
import numpy as np
import pytest

from nnlab import notebook


@pytest.fixture
def record():
    return notebook.RunRecord(
        notebook="01_x",
        dataset="digits <b>",
        seed=7,
        metrics={"test accuracy": np.float32(0.5), "accuracy of a guess": 0.1},
        seconds=12.345,
    )


def test_nothing_reaches_standard_error_inside_and_all_does_after(capfd):
    with notebook.quiet_stderr():
        os.write(2, b"from below Python\n")
        os.system("echo from a child >&2")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_what_was_held_back_is_shown_if_it_ends_in_an_error(capfd):
    with pytest.raises(ImportError), notebook.quiet_stderr():
        os.write(2, b"the reason\n")
        raise ImportError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "the reason\nafter\n"


def test_standard_output_is_left_alone(capfd):
    with notebook.quiet_stderr():
        os.write(1, b"result\n")
    assert capfd.readouterr() == ("result\n", "")


def test_a_record_carries_its_facts_as_json(record):
    data = record._repr_mimebundle_()["application/vnd.nnlab.record+json"]
    assert list(data) == ["notebook", "dataset", "seed", "metrics", "versions", "device", "seconds"]
    assert json.loads(json.dumps(data)) == data
    assert data["metrics"] == [
        {"name": "test accuracy", "value": 0.5},
        {"name": "accuracy of a guess", "value": 0.1},
    ]
    assert data["versions"]["keras"] == keras.__version__
    assert data["versions"][keras.backend.backend()]
    assert data["seconds"] == 12.3
    assert "CPU" in data["device"] or "GPU" in data["device"]


def test_a_record_shows_a_table_with_everything_escaped(record):
    bundle = record._repr_mimebundle_()
    assert "<td>digits &lt;b&gt;</td>" in bundle["text/html"]
    assert "<th>test accuracy</th><td>0.5</td>" in bundle["text/html"]
    assert "wall time            12 s" in bundle["text/plain"]
