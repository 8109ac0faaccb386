"""The notebooks as they are committed: run in full, in the house's form, true to the README."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nnlab.models
from nnlab.cli.data import datasets_called

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
RECORD = "application/vnd.nnlab.record+json"
PICTURES = {"image/png", "image/gif", "image/jpeg"}
PARTS = ["Settings", "Data", "Model", "Train", "Evaluate", "Look closer", "Summary", "Exercises"]
WITH_A_TURN = [*PARTS[:6], "Your turn", *PARTS[6:]]


def of_each(paths):
    return pytest.mark.parametrize(
        "path", paths, ids=lambda path: path.relative_to(ROOT / "notebooks").as_posix()
    )


def cells(path, kind="code"):
    """Return the cells of a notebook that are of this kind, None for any, and not empty."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    found = [
        {**cell, "source": "".join(cell["source"])}
        for cell in notebook["cells"]
        if kind in (None, cell["cell_type"])
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


def called_names(module):
    """Return the names of what a cell calls, but not what functions do that it only defines."""
    definitions = ast.FunctionDef | ast.ClassDef
    statements = [node for node in module.body if not isinstance(node, definitions)]
    names = set()
    for node in ast.walk(ast.Module(statements, [])):
        if isinstance(node, ast.Call):
            names.add(getattr(node.func, "id", getattr(node.func, "attr", "")))
    return names


def parts(path):
    """Return the parts of a notebook, (heading, code below it) each."""
    found = [("", "")]
    for cell in cells(path, None):
        if cell["cell_type"] == "code":
            heading, code = found.pop()
            found.append((heading, code + cell["source"] + "\n"))
        else:
            headings = re.findall(r"^## (.*)$", cell["source"], re.MULTILINE)
            found += [(heading, "") for heading in headings]
    return found[1:]


def headings(path):
    return [heading for heading, _ in parts(path)]


def exercises(path):
    """Return the numbers in the list of exercises of a lesson."""
    text = "\n".join(cell["source"] for cell in cells(path, "markdown"))
    listed = re.split(r"^#", text.partition("\n## Exercises\n")[2], flags=re.MULTILINE)[0]
    return re.findall(r"^(\d+)\. ", listed, re.MULTILINE)


def solutions_of(path):
    return path.parent / "solutions" / path.name


def new_lessons():
    return [path for path in LESSONS if "Your turn" in headings(path)]


def without_docstring(function):
    if isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant):
        function.body = function.body[1:]
    return ast.dump(function)


@of_each(LESSONS + SOLUTIONS)
def test_every_cell_was_run_from_top_to_bottom(path):
    counts = [cell["execution_count"] for cell in cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@of_each(LESSONS + SOLUTIONS)
def test_no_output_is_an_error_or_a_warning(path):
    noise = [o for o in outputs(path) if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert not noise


@of_each(LESSONS + SOLUTIONS)
def test_every_cell_that_plots_shows_a_figure(path):
    for cell in cells(path):
        names = called_names(tree(cell))
        if any(name.startswith("plot_") or name in ("subplots", "imshow") for name in names):
            kinds = set()
            for output in cell["outputs"]:
                kinds |= output.get("data", {}).keys()
            assert kinds & PICTURES, cell["source"]


@of_each(LESSONS)
def test_the_parts_stand_in_the_order_of_the_house(path):
    assert headings(path) == (WITH_A_TURN if solutions_of(path).exists() else PARTS)
    assert cells(path, "markdown")[0]["source"].startswith(f"# {path.name[:2]} · ")


@of_each(LESSONS)
def test_the_last_line_leads_to_the_notebooks_beside_this_one_by_their_titles(path):
    place = LESSONS.index(path)
    beside = {
        "Previous": LESSONS[max(place - 1, 0) : place],
        "Next": LESSONS[place + 1 : place + 2],
    }
    expected = []
    for word, found in beside.items():
        for other in found:
            title = cells(other, "markdown")[0]["source"].splitlines()[0].removeprefix("# ")
            expected.append(f"{word}: [{title}]({other.name})")
    last = cells(path, "markdown")[-1]["source"].splitlines()[-1]
    assert last == " · ".join(expected)


@of_each(SOLUTIONS)
def test_every_exercise_is_solved_and_its_effect_asserted(path):
    title = cells(path, "markdown")[0]["source"].splitlines()[0]
    assert title == f"# {path.name[:2]} · Solutions"
    solved = [part for part in parts(path) if part[0].startswith("Exercise ")]
    asked = exercises(path.parents[1] / path.name)
    assert asked
    assert [heading.split()[1] for heading, _ in solved] == asked
    assert not [heading for heading, code in solved if "assert " not in code]


@of_each(new_lessons() + SOLUTIONS)
def test_every_picture_has_a_title_for_those_who_do_not_see_it(path):
    for cell in cells(path):
        for output in cell["outputs"]:
            for kind in PICTURES & output.get("data", {}).keys():
                assert output["metadata"].get(kind, {}).get("alt"), cell["source"]


@of_each(LESSONS + SOLUTIONS)
def test_settings_are_tagged(path):
    tagged = [cell for cell in cells(path) if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    assert tagged[0]["source"].startswith("from nnlab.notebook import begin\n\nQUICK = begin()")


@of_each(LESSONS + SOLUTIONS)
def test_what_a_hosted_service_needs_follows_the_title(path):
    tags = [cell["metadata"].get("tags") for cell in cells(path, None)[1:4]]
    assert tags[:2] == [["hosted"], ["hosted"]] != tags[1:], "python docs/hosted.py writes them"


def test_links_and_installations_name_the_address_of_the_project():
    command = [sys.executable, ROOT / "docs" / "hosted.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@of_each(LESSONS)
def test_a_gate_asserts_the_result(path):
    assert any(
        re.search(r"^\s*assert .*(MIN|MAX)_", cell["source"], re.MULTILINE) for cell in cells(path)
    )


@of_each(LESSONS + SOLUTIONS)
def test_the_first_screen_is_title_question_and_settings(path):
    source = "\n".join(cell["source"] for cell in cells(path))
    assert not re.search(r"os\.environ|quiet_stderr|getLogger|disable_autotune", source)


@of_each(LESSONS + SOLUTIONS)
def test_what_a_cell_writes_into_a_file_lies_beside_it_and_has_at_most_88_columns(path):
    # Ruff leaves such cells alone. A place of the machine would show in the output.
    for cell in cells(path):
        if cell["source"].startswith("%%writefile"):
            magic, *lines = cell["source"].splitlines()
            assert re.fullmatch(r"%%writefile (--append )?\w+\.py", magic)
            assert max(map(len, lines)) <= 88, cell["source"]


@of_each(LESSONS + SOLUTIONS)
def test_the_record_is_of_a_full_run_on_the_real_data(path):
    assert record(path)["notebook"] == path.stem
    stand_ins = {data.name for data in datasets_called([]) if data.embedded}
    assert {"digits", "shapes", "random_squeezenet"} <= stand_ins
    assert not stand_ins & set(re.findall(r"\w+", record(path)["dataset"]))


@of_each(LESSONS)
def test_the_readme_table_repeats_the_record(path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    link = f"(notebooks/{path.name})"
    [row] = [line for line in readme.splitlines() if line.startswith("|") and link in line]
    first = record(path)["metrics"][0]
    shown = f"{first['name'].replace('_', ' ')} {first['value']:.4g}"
    assert shown in row, "python docs/results.py mends it"
    seconds = record(path)["seconds"]
    assert (f"| {seconds:.0f} s |" if seconds < 120 else f"| {seconds / 60:.0f} min |") in row


@of_each(LESSONS + SOLUTIONS)
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


@of_each(LESSONS + SOLUTIONS)
def test_a_notebook_is_small_and_names_no_place_of_the_machine_it_ran_on(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 3_000_000
    assert not re.search(r"/(home|root|work|Users|tmp)/", text)
