"""Settings for all tests, and the fixture that tries every helper twice: imported, and as a pasted copy."""

import ast
import inspect
import os
import shutil
import subprocess

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
