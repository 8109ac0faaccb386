"""What is installed with nnlab: what each part imports, no more than the core needs, every file."""

import ast
import functools
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = ("3.11", "3.12", "3.13")
# Keras computes with one of these; code that asks which is there imports it only then.
BACKENDS = {"jax", "torch"}
# Used by name only, with the reason why it is declared.
NOT_IMPORTED = {
    "jupyterlab": "make lab",
    "sympy": "ONNX Runtime prepares networks for whole numbers with it",
    "tqdm": "pooch draws its bar with it",
    "mistune": "nbconvert parses Markdown with it",
    "pytest-xdist": "make test",
    "nbval": "make test",
    "ruff": "make lint",
    "build": "the test of the wheel below",
    "uv": "make",
    "tensorboard": "the callback of Keras writes for it, and `%tensorboard` shows it",
    "myst-nb": "the site's conf.py names it",
    "sphinx-book-theme": "the site's conf.py names it",
    "sphinx-copybutton": "the site's conf.py names it",
    "sphinx-design": "the site's conf.py names it",
}


def requirements(*extras):
    """Return distribution → its requirement, for nnlab's core and these extras."""
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    found = {}
    for line in lines:
        requirement = Requirement(line)
        if requirement.name == "nnlab":
            found |= requirements(*requirement.extras)
        else:
            found[canonicalize_name(requirement.name)] = requirement
    return found


def sources(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return [text]
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return ["".join(cell["source"]) for cell in cells]


def imported_names(source):
    """Return the top-level packages that a program or a cell imports, magic commands left out."""
    lines = [line for line in source.splitlines() if not line.startswith(("%", "!"))]
    names = set()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names


@functools.cache
def owners():
    """Return the distributions that bring each package which can be imported here."""
    return importlib.metadata.packages_distributions()


@functools.cache
def imported_distributions(part):
    """Return the distributions that a part imports; the standard library is none, nor is nnlab."""
    names = set()
    for path in PARTS[part][0]:
        for source in sources(path):
            names |= imported_names(source)
    names -= OWN | set(sys.stdlib_module_names)
    return frozenset(canonicalize_name(owners().get(name, [name])[0]) for name in names)


def written_modules():
    """Return the names of the modules that cells of notebooks write by ``%%writefile``."""
    names = set()
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        names.update(re.findall(r"%%writefile (\w+)\.py", path.read_text(encoding="utf-8")))
    return names


PROGRAMS = [*(ROOT / "bench").glob("*.py"), *(ROOT / "docs").glob("*.py")]
OWN = {"nnlab", *(path.stem for path in PROGRAMS), *written_modules()}


def files(folder, *, without=()):
    found = [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.ipynb")]
    others = [ROOT / other for other in without]
    return [path for path in found if not any(map(path.is_relative_to, others))]


PARTS = {
    "nnlab": (files("nnlab", without=["nnlab/cli", "nnlab/serving"]), ()),
    "nnlab/serving": (files("nnlab/serving"), ("serve",)),
    "nnlab/cli": (files("nnlab/cli"), ("run", "serve", "export")),
    "notebooks": (files("notebooks"), ("notebooks", "jax", "export")),
    "bench": (files("bench"), ("bench",)),
    "docs": (files("docs"), ("docs",)),
    "tests": (files("tests"), ("dev",)),
}


@pytest.mark.parametrize("part", PARTS)
def test_all_that_a_part_imports_is_declared_for_it(part):
    undeclared = imported_distributions(part) - requirements(*PARTS[part][1]).keys()
    assert undeclared <= BACKENDS, f"{part} imports {sorted(undeclared)}: which extra brings that?"


def test_all_that_is_declared_is_used():
    every = requirements(*PROJECT["optional-dependencies"])
    imported = set()
    for part in PARTS:
        imported |= imported_distributions(part)
    assert every.keys() - imported <= NOT_IMPORTED.keys()


def brought_by(names):
    """Return these distributions and all that they bring along, as they are installed here."""
    brought = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name in brought:
            continue
        brought.add(name)
        for line in importlib.metadata.requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(requirement.name))
    return brought


def test_the_core_brings_no_jupyter():
    brought = brought_by(requirements())
    assert "urllib3" in brought  # what requests brings: the check looks further than one step
    assert not brought & {"ipykernel", "ipython", "jax", "nbclient", "nbconvert", "nbformat"}
    assert not brought & {"optuna", "pandas", "notebook", "jinja2", "fastapi", "onnxruntime"}
    assert not [name for name in brought if "jupyter" in name]


NOT_IN_THE_CORE = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def run_with_the_core_only(program, *arguments):
    """Run a program in a Python that has nothing of what the extras bring."""
    extra = brought_by(requirements("notebooks", "run", "serve")) - brought_by(requirements())
    missing = {name for name, owner in owners().items() if canonicalize_name(owner[0]) in extra}
    assert {"IPython", "nbformat", "pandas"} <= missing
    program = NOT_IN_THE_CORE.format(missing=sorted(missing)) + program
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


COMMAND = "from nnlab.cli import app\napp()\n"


COMMANDS = """
import shlex
import sys

from nnlab.cli import app

for words in sys.argv[1:]:
    try:
        app(shlex.split(words))
    except SystemExit as ended:
        print(f"exit status {ended.code}")
"""


def test_commands_work_with_the_core_alone():
    commands = ["--help", "copy models.build_mlp", "data list", "data where"]
    done = run_with_the_core_only(COMMANDS, *commands)
    assert done.returncode == 0, done.stderr
    *shown, rest = re.split(r"^exit status 0\n", done.stdout, flags=re.MULTILINE)
    assert len(shown) == len(commands) and all(shown), done.stdout + done.stderr
    assert not rest


@pytest.mark.parametrize(
    ("extra", "arguments"), [("run", ["run", "--out", "out"]), ("serve", ["serve", "mnist_cnn"])]
)
def test_a_command_without_its_extra_says_which_to_install(extra, arguments):
    done = run_with_the_core_only(COMMAND, *arguments)
    assert done.returncode == 1
    assert f'pip install "nnlab[{extra}]"' in done.stderr
    assert "Traceback" not in done.stderr


LIBRARY = """
import importlib
import pkgutil

import nnlab

for info in pkgutil.walk_packages(nnlab.__path__, "nnlab."):
    if not info.name.startswith(("nnlab.cli", "nnlab.serving")):
        importlib.import_module(info.name)
from nnlab.datasets import load_images
from nnlab.models import build_mlp

data = load_images("digits")
model = build_mlp(data.image_shape, data.num_classes, units=(16,))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(data.x_train / 255, data.y_train, batch_size=256, epochs=1, validation_split=0.1)
"""


def test_the_library_works_with_the_core_alone():
    done = run_with_the_core_only(LIBRARY)
    assert done.returncode == 0, done.stderr


NO_CONNECTION = ("error sending request", "the network was disabled")  # in the words of uv


def resolve(lines, tmp_path, *options):
    """Return what uv finds for requirements on Python 3.13; skip without a package index."""
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("\n".join(map(str, lines)), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--no-header",
        "--no-annotate",
    ]
    done = subprocess.run(
        [*command, "--python-version", "3.13", *options, wanted],
        capture_output=True,
        text=True,
        timeout=300,
    )
    said = " ".join(done.stderr.split())  # uv breaks lines
    if done.returncode and any(words in said for words in NO_CONNECTION):
        pytest.skip(f"no package index: {said[-200:]}")
    return done


HOSTED = ["ipykernel==6.17.1", "jupyter-client==7.4.9"]  # what a hosted notebook service keeps


def test_it_installs_beside_what_a_hosted_notebook_service_keeps(tmp_path):
    done = resolve([*requirements("notebooks").values(), *HOSTED], tmp_path)
    assert done.returncode == 0, done.stderr
    assert {*HOSTED} <= {*done.stdout.split()}


def test_the_check_notices_a_bound_that_a_hosted_notebook_service_cannot_keep(tmp_path):
    done = resolve([*HOSTED, "ipykernel>=6.29"], tmp_path)
    assert done.returncode and "ipykernel" in done.stderr


@pytest.mark.parametrize("python", PYTHONS)
def test_the_constraints_hold_one_version_of_all_that_is_declared_on_each_python(python):
    versions = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        pin = Requirement(line)
        place = {"python_version": python, "python_full_version": f"{python}.9"}
        place |= {"sys_platform": "linux", "os_name": "posix", "implementation_name": "cpython"}
        if pin.marker is None or pin.marker.evaluate(place):
            name = canonicalize_name(pin.name)
            assert name not in versions, f"two versions of {name} on Python {python}"
            [versions[name]] = [specifier.version for specifier in pin.specifier]
    for name, requirement in requirements("dev", "bench", "docs").items():
        assert requirement.specifier.contains(versions[name], prereleases=True), name


def test_the_constraints_name_no_address():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^-|\s@\s", text, re.MULTILINE)


def test_every_place_names_the_same_version():
    source = (ROOT / "nnlab" / "__init__.py").read_text(encoding="utf-8")
    [version] = re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert PROJECT["dynamic"] == ["version"]
    assert citation["version"] == version
    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[0] in (version, "Unreleased")


def test_a_citation_names_what_the_package_names():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["authors"] == PROJECT["authors"]
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert citation["url"] == PROJECT["urls"]["Documentation"]


def test_a_wheel_holds_every_file_of_the_package(tmp_path):
    for name in ("nnlab", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "out", "."]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = (tmp_path / "out").glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {path for path in (ROOT / "nnlab").rglob("*") if path.is_file()}
    names = {path.relative_to(ROOT).as_posix() for path in there if path.suffix != ".pyc"}
    assert held == names
    assert {"nnlab/cli/templates/index.html", "nnlab/plotting/nnlab.mplstyle"} <= held
    assert {"nnlab/trained/SHA256SUMS", "nnlab/trained/mnist_cnn.npz"} <= held
