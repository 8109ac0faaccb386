"""The floors of the house: who may import what."""

import ast
import functools
from pathlib import Path

import pytest

import nnlab

PACKAGE = Path(nnlab.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
KERAS_BACKENDS = {"tensorflow", "jax", "torch"}
MAY_SPEAK_TO_A_BACKEND = {
    "notebook.py",  # a quiet import
    "training/seeds.py",  # switches
    "training/precision.py",  # devices
    "training/workarounds.py",  # their faults
    "training/joining.py",  # processes are joined by JAX
    "explaining.py",  # gradients with respect to inputs
    "datasets/record_files.py",  # tf.data reads files on every backend
    "datasets/_records.py",  # and writes them
}


@functools.cache
def imported_modules(path):
    """Return the full names of all modules that a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import: write it in full"
            package = (PACKAGE.parent / node.module.replace(".", "/")).is_dir()
            names.update(
                {f"{node.module}.{alias.name}" for alias in node.names}
                if package
                else {node.module}
            )
    return names


@pytest.mark.parametrize("path", MODULES)
def test_siblings_do_not_import_each_other(path):
    inner = {name for name in imported_modules(path) if name.split(".")[0] == "nnlab"}
    folder = path.split("/")[0] if "/" in path else ""
    if folder == "cli":
        return
    if path == "notebook.py":
        allowed = {name for name in inner if name.split(".")[1] in ("training", "plotting")}
    elif folder in ("datasets", "trained", "serving") or path.endswith("/__init__.py"):
        allowed = {name for name in inner if name.startswith(f"nnlab.{folder}.")}
    else:
        allowed = set()
    assert inner <= allowed, f"{path} imports {sorted(inner - allowed)}"


@pytest.mark.parametrize("path", MODULES)
def test_only_the_named_files_speak_to_a_keras_backend(path):
    backends = {name.split(".")[0] for name in imported_modules(path)} & KERAS_BACKENDS
    assert not backends or path in MAY_SPEAK_TO_A_BACKEND, f"{path} imports {sorted(backends)}"


@pytest.mark.parametrize("path", MODULES)
def test_a_file_has_at_most_250_lines(path):
    assert len((PACKAGE / path).read_text(encoding="utf-8").splitlines()) <= 250
