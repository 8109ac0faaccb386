"""The notebooks as they are committed: run in full, in the house's form, true to the README."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
from pathlib import Path

import pytest

import nnlab.models

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RECORD = "application/vnd.nnlab.record+json"
PARTS = ["Settings", "Data", "Model", "Train", "Evaluate", "Look closer", "Summary", "Exercises"]

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path, kind="code"):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    found = [
        {**cell, "source": "".join(cell["source"])}
        for cell in notebook["cells"]
        if cell["cell_type"] == kind
    ]
    return [cell for cell in found if cell["source"].strip()]


def tree(cell):
    """Return the syntax tree of a cell, be it in a file that ``%%writefile`` makes of it."""
    magic, _, rest = cell["source"].partition("\n")
    if not magic.startswith("%%"):
        return ast.parse(cell["source"])
    return ast.parse(rest if re.match(r"%%writefile .*\.py$", magic) else "")


def outputs(path):
    found = []
    for cell in cells(path):
        found += cell["outputs"]
    return found


def record(path):
    [found] = [
        output["data"][RECORD] for output in outputs(path) if RECORD in output.get("data", {})
    ]
    return found


def without_docstring(function):
    if isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant):
        function.body = function.body[1:]
    return ast.dump(function)


def test_every_cell_was_run_from_top_to_bottom(path):
    counts = [cell["execution_count"] for cell in cells(path)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_output_is_an_error_or_a_warning(path):
    noise = [o for o in outputs(path) if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert not noise


def test_every_cell_that_plots_shows_a_figure(path):
    for cell in cells(path):
        calls = [node.func for node in ast.walk(tree(cell)) if isinstance(node, ast.Call)]
        names = {getattr(function, "id", getattr(function, "attr", "")) for function in calls}
        if any(name.startswith("plot_") or name in ("subplots", "imshow") for name in names):
            kinds = set()
            for output in cell["outputs"]:
                kinds |= output.get("data", {}).keys()
            assert kinds & {"image/png", "image/gif"}, cell["source"]


def test_the_parts_stand_in_the_order_of_the_house(path):
    text = "\n".join(cell["source"] for cell in cells(path, "markdown"))
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS
    assert text.startswith(f"# {path.name[:2]} · ")


def test_settings_are_tagged_and_a_gate_asserts_the_result(path):
    tagged = [cell for cell in cells(path) if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    assert tagged[0]["source"].startswith("from nnlab.notebook import begin\n\nQUICK = begin()")
    assert any(
        re.search(r"^\s*assert .*(MIN|MAX)_", cell["source"], re.MULTILINE) for cell in cells(path)
    )


def test_the_first_screen_is_title_question_and_settings(path):
    source = "\n".join(cell["source"] for cell in cells(path))
    assert not re.search(r"os\.environ|quiet_stderr|getLogger|disable_autotune", source)


def test_what_a_cell_writes_into_a_file_lies_beside_it_and_has_at_most_88_columns(path):
    # Ruff leaves such cells alone. A place of the machine would show in the output.
    for cell in cells(path):
        if cell["source"].startswith("%%writefile"):
            magic, *lines = cell["source"].splitlines()
            assert re.fullmatch(r"%%writefile (--append )?\w+\.py", magic)
            assert max(map(len, lines)) <= 88, cell["source"]


def test_the_record_is_of_a_full_run_on_the_real_data(path):
    assert record(path)["notebook"] == path.stem
    assert not {"digits", "python_docs"} & set(re.findall(r"\w+", record(path)["dataset"]))


def test_the_readme_table_repeats_the_record(path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    link = f"(notebooks/{path.name})"
    [row] = [line for line in readme.splitlines() if line.startswith("|") and link in line]
    for metric in record(path)["metrics"]:
        assert f"{metric['name']} {metric['value']:.4g}" in row, "python docs/results.py mends it"
    seconds = record(path)["seconds"]
    assert (f"| {seconds:.0f} s |" if seconds < 120 else f"| {seconds / 60:.0f} min |") in row


def test_a_function_shown_here_is_the_one_in_nnlab(path):
    modules = [
        importlib.import_module(f"nnlab.models.{info.name}")
        for info in pkgutil.iter_modules(nnlab.models.__path__)
    ]
    for cell in cells(path):
        for node in tree(cell).body:
            for module in modules:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and hasattr(module, node.name):
                    twin = ast.parse(inspect.getsource(getattr(module, node.name))).body[0]
                    assert without_docstring(node) == without_docstring(twin), (
                        f"{node.name} differs from nnlab's"
                    )


def test_a_notebook_is_small_and_names_no_place_of_the_machine_it_ran_on(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 3_000_000
    assert not re.search(r"/(home|root|work|Users|tmp)/", text)
