"""How a notebook begins and ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import nbclient
import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure

from nnlab import notebook

BACKEND = keras.backend.backend()  # make test is run with each
BEGIN = "from nnlab.notebook import begin\nQUICK = begin()"
TRAIN = """
import keras
import matplotlib.pyplot as plt
import numpy as np
from nnlab.training import set_seed

set_seed(0)
x = np.ones((8, 2))
for _ in range(6):  # TensorFlow warns from the fifth model on
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.predict(x, verbose=0)
model.compile("sgd", "mse")
history = model.fit(x, x[:, :1], validation_split=0.5, verbose=0)
"""
SHOW = """
styled = plt.rcParams["axes.prop_cycle"].by_key()["color"][0] == "#0072B2"
print(QUICK, styled, plt.rcParams["figure.dpi"], keras.backend.backend())
"""


DRAW = """
from matplotlib.figure import Figure

plt.plot([1, 2])
plt.title("Loss")
plt.show()
figure = Figure()
figure.subplots().set_title("kept for the end")
figure
"""
COUNT = """
drawn = []
axes = plt.figure().add_subplot()
draw = axes.draw
axes.draw = lambda renderer: drawn.append(renderer.dpi) or draw(renderer)
"""


@pytest.fixture(scope="module")
def environment():
    """Return a function that sets the environment of new processes as a reader's is."""
    with pytest.MonkeyPatch.context() as patch:

        def set_environment(**others):
            for name in (*notebook.ENVIRONMENT, "MPLBACKEND", "NNLAB_QUICK"):
                patch.delenv(name, raising=False)
            for name, value in {"KERAS_BACKEND": BACKEND, **others}.items():
                patch.setenv(name, value)

        yield set_environment


@pytest.fixture(scope="module")
def cells(environment):
    """The executed cells of a notebook whose first cell is run again."""
    environment()
    sources = [BEGIN, BEGIN, TRAIN, SHOW, DRAW, "plt.plot([1, 2]);", COUNT, "print(*drawn)"]
    run = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    nbclient.NotebookClient(run, kernel_name="python3", timeout=120).execute()
    return run.cells


def test_a_notebook_begins_without_a_word_also_when_its_first_cell_is_run_again(cells):
    outputs = []
    for cell in cells[:4]:
        outputs += cell.outputs
    said = [(each.name, each.text) for each in outputs]
    assert said == [("stdout", f"False True 144.0 {BACKEND}\n")]


def test_the_picture_of_a_figure_carries_its_title(cells):
    shown = [*cells[4].outputs, *cells[5].outputs]
    assert all("image/png" in output.data for output in shown)
    alts = [output.metadata["image/png"]["alt"] for output in shown]
    assert alts == ["Loss", "kept for the end", ""]


def test_a_figure_is_drawn_for_its_extent_and_for_its_picture_and_not_once_more(cells):
    assert [output.output_type for output in cells[6].outputs] == ["display_data"]
    assert cells[7].outputs[0].text == "144.0 144.0\n"


COLLECT = """
kept = gc.get_freeze_count()
QUICK = begin()
print(kept > 100_000, gc.get_freeze_count() == kept, gc.isenabled())


class Box:
    pass


box = Box()
box.me = box
seen = weakref.ref(box)
del box
gc.collect()
print(seen() is None)
made = [[] for _ in range(10_000)]
"""


@pytest.fixture(scope="module")
def plain(environment):
    """The lines that a plain program prints: three of garbage, the third as it ends, two others."""
    environment(NNLAB_QUICK="1", MPLBACKEND="agg", XLA_PYTHON_CLIENT_PREALLOCATE="true")
    last = "atexit.register(lambda: print(len(gc.get_objects()) < 10_000))"  # registered before
    look = "from nnlab import notebook\nprint(*map(os.environ.get, notebook.ENVIRONMENT))"
    program = ["import atexit, gc, os, weakref", last, BEGIN, COLLECT, TRAIN, SHOW, look]
    run = subprocess.run([sys.executable, "-c", "\n".join(program)], capture_output=True, text=True)
    assert run.stderr == ""
    lines = run.stdout.split("\n")
    assert (len(lines), lines.pop()) == (6, "")
    return lines


def test_a_plain_program_begins_without_a_word_too_and_what_is_set_in_the_environment_stays(plain):
    assert plain[2:4] == [f"True True 72.0 {BACKEND}", "3 true true 0 highest"]


def test_garbage_is_looked_for_in_what_comes_after_the_imports_but_not_as_the_program_ends(plain):
    assert [*plain[:2], *plain[4:]] == ["True True True", "True", "True"]


COMPILE = """
import jax
import keras
import numpy as np

events = []
jax.monitoring.register_event_listener(lambda name, **_: events.append(name))


def programs_not_found():
    events.clear()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 2)), np.ones((8, 1)), verbose=0)
    return events.count("/jax/compilation_cache/cache_misses")


print(programs_not_found() > 0, programs_not_found())
print(jax.config.jax_compilation_cache_dir)
"""


@pytest.fixture
def compile_twice(environment, monkeypatch, tmp_path_factory):
    """Return a function that trains two equal networks in a new process: what it finds, where."""
    pytest.importorskip("jax")
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    without = tmp_path_factory.mktemp("without")  # TensorFlow takes seconds to import
    (without / "tensorflow.py").write_text("raise ImportError('not for this test')\n")
    monkeypatch.setenv("PYTHONPATH", str(without), prepend=os.pathsep)

    def compile_in_new_process(**others):
        environment(KERAS_BACKEND="jax", **others)
        before = "import jax\njax.jit(lambda x: x + 1)(1.0)"
        program = [sys.executable, "-c", f"{before}\n{BEGIN}\n{COMPILE}"]
        run = subprocess.run(program, capture_output=True, text=True)
        assert run.stderr == ""
        return run.stdout.splitlines()

    return compile_in_new_process


def test_jax_compiles_the_same_program_once_in_a_process(compile_twice):
    """Also where it has compiled something before that."""
    found, folder = compile_twice()
    assert found == "True 0"
    assert "nnlab-jax-" in folder
    assert not Path(folder).exists()


def test_what_jax_compiled_is_found_by_the_next_process_where_a_folder_is_named(
    compile_twice, tmp_path
):
    for found in ("True 0", "False 0"):
        assert compile_twice(JAX_COMPILATION_CACHE_DIR=str(tmp_path)) == [found, str(tmp_path)]


def test_alternative_text_is_the_title_of_the_whole_else_those_of_its_parts():
    figure = Figure()
    axes = figure.subplots(1, 4)
    assert notebook.alternative_text(figure) == ""
    axes[0].set_title("Loss\n of $x^2$")
    axes[1].set_title("a", loc="left")
    axes[2].set_title("a")
    assert notebook.alternative_text(figure) == "Loss of $x^2$; a"
    figure.suptitle("The\nwhole")
    assert notebook.alternative_text(figure) == "The whole"


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
