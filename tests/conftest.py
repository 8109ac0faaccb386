"""Settings for all tests, and the fixture that tries every helper twice: imported, and pasted."""

import os
import shutil
import subprocess

os.environ["MPLBACKEND"] = "agg"  # no window
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest

from nnlab.cli._copying import copyable_source, find_helper


@pytest.fixture(params=["imported", "copied"])
def helper(request):
    """Return a function that hands out a helper, or what it is where `nnlab copy` has pasted it."""

    def get(function):
        if request.param == "imported":
            return function
        module = function.__module__.split(".")[1]
        namespace = {"__name__": "copied"}
        exec(copyable_source(find_helper(f"{module}.{function.__name__}")), namespace)
        return namespace[function.__name__]

    return get


@pytest.fixture(scope="session")
def own_mounts():
    """Return the words before a shell script that let it mount file systems of its own."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user", "--user"]
    words = ["unshare", "--mount", *as_root, "sh", "-c"]
    trial = [*words, "mount -t tmpfs none /mnt"]
    if not shutil.which("unshare") or subprocess.run(trial, capture_output=True).returncode:
        pytest.skip("may not mount a small file system here")
    return words
