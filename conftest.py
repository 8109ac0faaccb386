"""Tests and notebooks in one run: which come first, and what the kernels of notebooks are told."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONGEST_FIRST = (  # all workers end together if these do not come last
    "tests/notebooks/test_full_run.py",
    "notebooks/07_evaluation_and_tuning.ipynb",
    "notebooks/06_generalization.ipynb",
    "notebooks/05_losses_and_optimizers.ipynb",
    "notebooks/08_autoencoder.ipynb",
    "notebooks/21_time_series.ipynb",
    "notebooks/20_sentiment.ipynb",
    "notebooks/22_speech.ipynb",
    "notebooks/23_translation.ipynb",
    "tests/training/test_resuming.py",
    "tests/cli/test_parameters.py",
    "notebooks/60_deployment.ipynb",
    "notebooks/61_scaling_out.ipynb",
    "notebooks/14_explaining.ipynb",
    "notebooks/04_dcgan.ipynb",
    "tests/test_cluster.py",
    "tests/models/test_dcgan.py",
    "tests/cli/test_execution_faults.py",
    "notebooks/02_cnn_classification.ipynb",
    "notebooks/03_rnn_text_generation.ipynb",
    "tests/test_sampling.py",
    "tests/cli/test_run.py",
    "tests/test_packaging.py",
    "tests/test_notebook.py",
    "tests/models/test_autoencoder.py",
    "notebooks/01_mnist_mlp.ipynb",
    "notebooks/00_neuron_to_network.ipynb",
    "tests/cli/test_consoles.py",
    "tests/cli/test_execution.py",
    "tests/training/test_workarounds.py",
    "tests/datasets/test_streaming.py",
    "tests/models/test_rnn.py",
    "tests/test_backends.py",
)
# A quick run on the data sets that stand in for the real ones, without a file or a network.
QUICKLY = {
    "NNLAB_QUICK": "1",
    "NNLAB_OFFLINE": "1",
    "NNLAB_DATA": "",
    "NNLAB_CACHE": str(HERE / "build" / "no-data"),
}


def pytest_collection_modifyitems(items):
    items.sort(key=place)


def place(item):
    """Return when a test's file comes: the longest, other notebooks, what takes a few seconds."""
    name = item.path.relative_to(HERE).as_posix()
    if name in LONGEST_FIRST:
        return LONGEST_FIRST.index(name)
    return len(LONGEST_FIRST) + (item.path.suffix != ".ipynb")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Let the kernel of a notebook, which starts as its first cell is set up, run it quickly."""
    if item.path.suffix != ".ipynb":
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MPLBACKEND", raising=False)  # which tests set; figures are drawn inline
        for name, value in QUICKLY.items():
            patch.setenv(name, value)
        return (yield)
