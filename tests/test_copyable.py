"""Every public helper can be pasted under its module's import lines: it leans on nothing else."""

import ast
import builtins
import importlib
import inspect
import pkgutil
import symtable

import pytest

import nnlab

COPIED = ("metrics", "models", "plotting", "sampling", "text", "training")


def helpers():
    for info in pkgutil.walk_packages(nnlab.__path__, "nnlab."):
        if info.ispkg or info.name.split(".")[1] not in COPIED:
            continue
        module = importlib.import_module(info.name)
        for name, value in inspect.getmembers(
            module, lambda v: inspect.isfunction(v) or inspect.isclass(v)
        ):
            if value.__module__ == info.name and not name.startswith("_"):
                yield pytest.param(value, id=f"{info.name.removeprefix('nnlab.')}.{name}")


def global_names(table):
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_global() and symbol.is_referenced()
    }
    return names.union(*(global_names(child) for child in table.get_children()))


@pytest.mark.parametrize("function", list(helpers()))
def test_a_helper_uses_only_the_imports_of_its_module(function):
    source = inspect.getsource(function)
    table = symtable.symtable(source, function.__name__, "exec")
    [inner] = table.get_children()
    decorators = {
        node.id
        for d in ast.parse(source).body[0].decorator_list
        for node in ast.walk(d)
        if hasattr(node, "id")
    }
    imported = {
        alias.asname or alias.name.split(".")[0]
        for node in ast.parse(inspect.getsource(inspect.getmodule(function))).body
        for alias in getattr(node, "names", [])
    }
    missing = (
        (global_names(inner) | decorators) - imported - set(dir(builtins)) - {function.__name__}
    )
    assert not missing, f"{function.__name__} also needs {sorted(missing)}: it cannot be copied"


def test_the_check_notices_a_helper_that_calls_its_sibling():
    table = symtable.symtable("def a(x):\n    return b(np.abs(x))\n", "a", "exec")
    assert global_names(table.get_children()[0]) == {"b", "np"}
