"""Every public helper can be pasted elsewhere: what `nnlab copy` prints leans on nothing else."""

import ast
import builtins
import importlib
import inspect
import pkgutil

import pytest
from typer.testing import CliRunner

import nnlab
from nnlab.cli import app

WORK_AS_A_WHOLE = ("cli", "datasets", "launching", "notebook", "serving", "trained")


def helpers():
    """Return the public functions and classes of all other modules, as a reader names them."""
    names = []
    for info in pkgutil.walk_packages(nnlab.__path__, "nnlab."):
        top = info.name.split(".")[1]
        if info.ispkg or top in WORK_AS_A_WHOLE:
            continue
        for name, value in inspect.getmembers(importlib.import_module(info.name)):
            is_helper = inspect.isfunction(value) or inspect.isclass(value)
            if is_helper and value.__module__ == info.name and not name.startswith("_"):
                names.append(f"{top}.{name}")
    return names


def unbound_names(code):
    """Return the names that code reads and that neither it nor Python binds anywhere."""
    bound = set(dir(builtins))
    read = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read.add(node.id)
        elif isinstance(node, ast.Name):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            bound.add(node.name)
    return read - bound


@pytest.mark.parametrize("name", helpers())
def test_a_printed_helper_runs_where_nothing_else_is(name):
    printed = CliRunner().invoke(app, ["copy", name])
    assert printed.exit_code == 0, printed.output
    namespace = {"__name__": "copied"}
    exec(printed.output, namespace)
    assert callable(namespace[name.split(".")[1]])
    assert not unbound_names(printed.output)
    assert "import nnlab" not in printed.output
    assert "from nnlab" not in printed.output


def test_the_check_notices_a_helper_that_calls_its_sibling():
    assert unbound_names("def a(x):\n    return b(np.abs(x))\n") == {"b", "np"}
    assert unbound_names("def a(x, scale=LIMIT):\n    y = x\n    return y\n") == {"LIMIT"}
