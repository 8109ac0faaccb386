"""What a reader waits for before anything is trained: installing, imports, the command, data.

Installing is timed when pip and uv have all files in their caches: nothing is downloaded but the
index's pages. The first step of a notebook is the first one that ``fit`` makes in its own process,
in a fresh kernel and with the settings of the published run: all that its cells load, draw or
compute by hand before that counts.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from measure import ROOT, Trial, compare
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NNLAB = str(Path(sys.executable).parent / "nnlab")
FIRST_CELLS = "from nnlab.notebook import begin\nbegin()\nimport keras\nimport matplotlib.pyplot"


def command(*words, times=7):
    """Return a contestant that runs a command so many times, once more before that."""

    def run(quick):
        subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
        trial = Trial(examples=1)
        for _ in range(2 if quick else times):
            subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
            trial.round_ends()
        return trial

    return run


def suite(quick):
    """All notebooks in quick mode, two at a time in fresh kernels, as ``make run`` does."""
    trial = Trial(examples=1)
    chosen = ["notebooks/01_mnist_mlp.ipynb"] if quick else []
    subprocess.run(
        [NNLAB, "run", "--quick", "--jobs", "2", "--out", "build/bench/suite", *chosen],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=True,
        stdout=2,
    )
    trial.round_ends()
    return trial


def installing(script):
    """Return a contestant: a shell script in an empty folder, once to fill the caches, then timed.

    The folder "checkout" in it is the last commit; "$PYTHON" is this interpreter.
    """

    def run(quick):
        environment = os.environ | {"ROOT": str(ROOT), "PYTHON": sys.executable}
        lines = f'git clone -q "$ROOT" checkout\n{script}'
        for _ in range(1 if quick else 2):
            with tempfile.TemporaryDirectory() as folder:
                trial = Trial(examples=1)
                subprocess.run(
                    ["sh", "-ec", lines], cwd=folder, env=environment, check=True, stdout=2
                )
                trial.round_ends()
        return trial

    return run


def by_pip(what):
    """Return a contestant that installs so much into an empty environment."""
    constraints = "-c checkout/constraints.txt"
    return installing(f'"$PYTHON" -m venv v && v/bin/pip install -q {constraints} {what}')


# Stands at the end of the cell that imports Keras. Also where a notebook lets Keras make several
# steps at once, it makes one.
STOP = """
class FirstStep(Exception):
    pass


def stop(*args):
    raise FirstStep


def compile_one_step(model, *args, steps_per_execution=1, **settings):
    return compile_steps(model, *args, **settings)


compile_steps = keras.Model.compile
keras.Model.compile = compile_one_step
keras.callbacks.CallbackList.on_train_batch_end = stop
"""


def first_step(path):
    """Return a contestant: a notebook, up to the first step that ``fit`` makes in it."""

    def run(quick):
        os.environ["NNLAB_QUICK"] = "1" if quick else ""
        notebook = nbformat.read(path, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        imports = next(cell for cell in code if "import keras" in cell.source)
        imports.source += STOP
        where = {"metadata": {"path": str(path.parent)}}
        client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where)
        trial = Trial(examples=1)
        try:
            client.execute()
        except CellExecutionError as error:
            if error.ename != "FirstStep":
                raise
            trial.round_ends()
            return trial
        raise SystemExit(f"{path.name} calls fit nowhere")

    return run


LAUNCHES = "61_scaling_out.ipynb"  # other processes train for minutes before it calls fit itself
NOTEBOOKS = sorted(set((ROOT / "notebooks").glob("*.ipynb")) - {ROOT / "notebooks" / LAUNCHES})
CONTESTS = {
    "install": {
        "make, as for make run": installing("cd checkout && make .venv/ready EXTRAS=dev"),
        "pip install nnlab": by_pip("./checkout"),
        "pip install tensorflow": by_pip("tensorflow"),
    },
    "first-step": {path.stem: first_step(path) for path in NOTEBOOKS},
    "startup": {
        "python -c pass": command(sys.executable, "-c", "pass"),
        "import nnlab": command(sys.executable, "-c", "import nnlab"),
        "nnlab --help": command(NNLAB, "--help"),
        "a notebook's imports": command(sys.executable, "-c", FIRST_CELLS),
        "import tensorflow": command(sys.executable, "-c", "import tensorflow"),
        "import torch": command(sys.executable, "-c", "import torch"),
    },
    "suite": {"nnlab run --quick": suite},
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
