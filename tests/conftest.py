"""Settings for all tests, and the fixture that tries every helper twice: imported, and as a pasted copy."""

import ast
import gzip
import hashlib
import inspect
import os
import shutil
import subprocess
from dataclasses import replace

os.environ["MPLBACKEND"] = "agg"  # no window
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest


def import_lines(module):
    """Return the top-level import statements of a module, without those from nnlab, as one string."""
    nodes = ast.parse(inspect.getsource(module)).body
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    outside = [
        node for node in imports if not (getattr(node, "module", None) or "").startswith("nnlab")
    ]
    return "\n".join(map(ast.unparse, outside))


@pytest.fixture(params=["imported", "copied"])
def helper(request):
    """Return a function that hands out a helper, or what it is when pasted under the imports of its module."""

    def get(function):
        if request.param == "imported":
            return function
        namespace = {"__name__": "copied"}
        exec(import_lines(inspect.getmodule(function)), namespace)
        exec(inspect.getsource(function), namespace)
        return namespace[function.__name__]

    return get


@pytest.fixture(scope="session")
def own_mounts():
    """Return the words before a shell script that let it mount file systems of its own; skip where that is forbidden."""
    words = [
        "unshare",
        "--mount",
        *([] if os.geteuid() == 0 else ["--map-root-user", "--user"]),
        "sh",
        "-c",
    ]
    if (
        not shutil.which("unshare")
        or subprocess.run([*words, "mount -t tmpfs none /mnt"], capture_output=True).returncode
    ):
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
