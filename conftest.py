"""The order of tests and notebooks: two workers end together if the longest files come first."""

from pathlib import Path

LONGEST_FIRST = (
    "tests/training/test_resuming.py",
    "tests/test_cluster.py",
    "tests/models/test_dcgan.py",
    "tests/cli/test_execution_faults.py",
    "tests/test_sampling.py",
    "tests/test_packaging.py",
    "tests/cli/test_run.py",
    "tests/test_notebook.py",
    "tests/models/test_rnn.py",
    "tests/models/test_autoencoder.py",
    "tests/cli/test_consoles.py",
    "tests/datasets/test_streaming.py",
    "tests/cli/test_execution.py",
    "tests/training/test_workarounds.py",
    "tests/test_backends.py",
    "notebooks/04_dcgan.ipynb",
    "notebooks/05_training_and_tuning.ipynb",
    "notebooks/61_scaling_out.ipynb",
    "notebooks/08_autoencoder.ipynb",
    "notebooks/03_rnn_text_generation.ipynb",
)
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    items.sort(key=place)


def place(item):
    name = item.path.relative_to(HERE).as_posix()
    return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)
