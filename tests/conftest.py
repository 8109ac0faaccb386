"""Settings for all tests, and the fixture that tries every helper twice: imported, and pasted."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace

os.environ["MPLBACKEND"] = "agg"  # no window
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest

from nnlab.cli._copying import copyable_source, find_helper


@pytest.fixture(autouse=True)
def seed():
    """Start each test with the same random numbers, so that a network has the same weights."""
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(0)


@pytest.fixture(scope="module", params=["imported", "copied"])
def helper(request):
    """Return a function that hands out a helper, or what it is where `nnlab copy` has pasted it.

    A module's tests run with all imported first: what they share may be made with a helper, too.
    """

    def get(function):
        if request.param == "imported":
            return function
        module = function.__module__.split(".")[1]
        namespace = {"__name__": "copied"}
        exec(copyable_source(find_helper(f"{module}.{function.__name__}")), namespace)
        return namespace[function.__name__]

    return get


@pytest.fixture
def set_policy():
    """Return a function that sets the precision of what Keras builds from then on in the test."""
    import keras

    policy = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(policy)


@pytest.fixture(scope="session")
def own_mounts():
    """Return the words before a shell script that let it mount file systems of its own."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user", "--user"]
    words = ["unshare", "--mount", *as_root, "sh", "-c"]
    trial = [*words, "mount -t tmpfs none /mnt"]
    if not shutil.which("unshare") or subprocess.run(trial, capture_output=True).returncode:
        pytest.skip("may not mount a small file system here")
    return words


# ---- data files ----------------------------------------------------------------------------------


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    """An empty cache folder, which does not exist yet; no other folder, no network, a full run."""
    for name in ("NNLAB_DATA", "NNLAB_QUICK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NNLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NNLAB_OFFLINE", "1")
    return tmp_path / "cache"


@pytest.fixture
def write_tiny_mnist(monkeypatch):
    """Return a function that writes a small MNIST into a folder and makes it be what mnist names.

    Its arguments: the folder, and addresses to which paths are added; it returns the `Dataset`.
    """
    import numpy as np

    from nnlab.datasets.images import DATASETS

    published = DATASETS["mnist"]
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(0, 256, (6, 28, 28)),
        np.arange(6),
        rng.integers(0, 256, (3, 28, 28)),
        np.arange(3),
    ]

    def write(folder, bases=()):
        files = []
        for file, array in zip(published.files, arrays, strict=True):
            sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
            content = bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(content, mtime=0))
            tiny = replace(
                file,
                urls=tuple(base + file.path for base in bases),
                download_bytes=path.stat().st_size,
                content_bytes=len(content),
                content_sha256=hashlib.sha256(content).hexdigest(),
            )
            files.append(tiny)
        monkeypatch.setitem(DATASETS, "mnist", replace(published, files=tuple(files)))
        return DATASETS["mnist"]

    return write


@pytest.fixture
def provided(cache_folder, write_tiny_mnist, tmp_path, monkeypatch):
    """A folder with the tiny set, named last in NNLAB_DATA."""
    folder = tmp_path / "provided"
    write_tiny_mnist(folder)
    monkeypatch.setenv("NNLAB_DATA", os.pathsep.join([str(tmp_path / "nowhere"), "", str(folder)]))
    return folder


@pytest.fixture
def cached(cache_folder, write_tiny_mnist):
    """The cache folder, with the tiny set in it."""
    write_tiny_mnist(cache_folder)
    return cache_folder
