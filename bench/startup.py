"""What a reader waits for before anything is trained: imports, the command, all quick notebooks."""

import subprocess
import sys
from pathlib import Path

from measure import ROOT, Trial, compare

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


CONTESTS = {
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
