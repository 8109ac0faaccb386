"""What a reader waits for before anything is trained: installing, imports, the command, data.

Installing is timed when pip and uv have all files in their caches, so without the network. The
first step of a notebook is the first one that ``fit`` makes, in a fresh kernel, with the settings
of the published run: all cells before it count, whatever they load, draw or compute by hand.
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
    """All notebooks in quick mode, in fresh kernels, as ``make run`` does."""
    trial = Trial(examples=1)
    chosen = ["notebooks/01_mnist_mlp.ipynb"] if quick else []
    subprocess.run(
        [NNLAB, "run", "--quick", "--out", "build/bench/suite", *chosen],
        cwd=ROOT,
        check=True,
        stdout=2,
    )
    trial.round_ends()
    return trial


def installing(script):
    """Return a contestant: a shell script in an empty folder, once to fill the caches, then timed.

    ROOT is the checkout in it, PYTHON this interpreter.
    """

    def run(quick):
        environment = os.environ | {"ROOT": str(ROOT), "PYTHON": sys.executable}
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                trial = Trial(examples=1)
                subprocess.run(
                    ["sh", "-ec", script], cwd=folder, env=environment, check=True, stdout=2
                )
                trial.round_ends()
        return trial

    return run


STOP = """
class FirstStep(Exception):
    pass


def stop(*args):
    raise FirstStep


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

    return run


NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
CONTESTS = {
    "install": {
        "make, all extras": installing("git clone -q $ROOT . && make .venv/ready EXTRAS=dev"),
        "pip install nnlab": installing(
            "$PYTHON -m venv v && v/bin/pip install -q -c $ROOT/constraints.txt $ROOT"
        ),
        "pip install tensorflow": installing(
            "$PYTHON -m venv v && v/bin/pip install -q -c $ROOT/constraints.txt tensorflow"
        ),
    },
    "first-step": {name: first_step(path) for name, path in NOTEBOOKS.items()},
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
