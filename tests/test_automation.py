"""What runs by itself: workflows that may do little, targets of make that are there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nnlab.cli.data import datasets_called

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MAY = [
    {"contents": "read"},
    {"contents": "read", "issues": "write"},
    {"id-token": "write"},  # tells PyPI which workflow publishes
    {"pages": "write", "id-token": "write"},  # publishes the site
]
OF_KERAS = "(models|trained|training|sampling|decoding|explaining)"
TOUCHES_KERAS = re.compile(
    rf"^\s*((import|from) (keras|nnlab\.{OF_KERAS})|from nnlab import (\([^)]*|.*)\b{OF_KERAS})\b",
    re.MULTILINE,
)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_little_and_runs_only_actions_of_one_commit(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 90, name
        assert job.get("permissions", {"contents": "read"}) in MAY, name
        for step in job["steps"]:
            uses = step.get("uses", "")
            assert not uses or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", uses), uses


def test_only_the_last_job_of_a_release_may_publish_and_runs_nothing_of_ours():
    path = ROOT / ".github" / "workflows" / "release.yml"
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    [publish] = [job for job in jobs.values() if "id-token" in job.get("permissions", {})]
    assert publish["environment"] == "pypi"
    assert publish["needs"] == "install" and jobs["install"]["needs"] == "build"
    assert not [step for step in publish["steps"] if "run" in step]


def test_the_weekly_run_downloads_each_data_set_that_is_downloaded():
    text = (ROOT / ".github" / "workflows" / "weekly.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["downloads"]["steps"]
    [fetch] = [step["run"] for step in steps if "data fetch" in step.get("run", "")]
    downloaded = {data.name for data in datasets_called([]) if data.files and not data.embedded}
    assert set(shlex.split(fetch)[3:]) == downloaded


def test_the_container_has_no_root_and_all_that_it_copies_is_there():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    *_, user = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert user == "1000:1000"  # numbers, which a cluster can check
    for copied in re.findall(r"^COPY --chown=1000:1000 (.*) \S+$", text, re.MULTILINE):
        for name in copied.split():
            assert (ROOT / name).exists(), name
    stages = re.findall(r"^FROM \S+ AS (\w+)$", text, re.MULTILINE)
    development = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    [target] = re.findall(r'"target": "(\w+)"', development)
    assert target in stages


def test_what_git_ignores_does_not_go_into_a_container():
    named = {}
    for file in (".gitignore", ".dockerignore"):
        lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        named[file] = {line.removeprefix("**/").strip("/") for line in lines if line[:1] != "!"}
    assert not named[".gitignore"] - named[".dockerignore"]


def test_every_target_of_make_that_is_named_exists():
    known = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / "site").glob("*.md")]
    for path in [*pages, ROOT / ".ci" / "run", *WORKFLOWS]:
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:`|run: |^)make ([a-z]+)", text, re.MULTILINE))
        assert named <= known, f"{path.name} names make {sorted(named - known)}"


# Tests that call Keras, but would say the same on every backend.
ALIKE = {
    "tests/cli/test_demo.py": "a page computes by itself what tests/trained asks every backend",
    "tests/cli/test_serve.py": "Keras writes ONNX files best on TensorFlow",
    "tests/test_serving_examples.py": "so does what writes them for other servers",
    "tests/cli/test_parameters.py": "the command puts settings into notebooks, which it runs",
    "tests/cli/test_run.py": "the command starts what it asks about",
    "tests/datasets/test_image_folder.py": "Keras reads pictures by TensorFlow",
    "tests/datasets/test_records.py": "records are read by TensorFlow",
    "tests/datasets/test_streaming.py": "records are read by TensorFlow",
    "tests/notebooks/test_notebooks.py": "stored notebooks are compared with sources",
    "tests/plotting/test_curves.py": "what fit returned is drawn",
    "tests/test_packaging.py": "what is installed is started",
    "tests/test_safety.py": "files of models are read before any backend computes",
    "tests/test_slerp.py": "NumPy computes it",
}


@pytest.mark.parametrize(
    "line",
    [
        "import keras",
        "    from keras import layers",
        "from nnlab.models import build_mlp",
        "from nnlab.trained import load_trained",
        "from nnlab import models",
        "from nnlab import text, training",
        "from nnlab import (\n    text,\n    trained,\n)",
    ],
)
def test_the_check_notices_every_way_to_keras(line):
    assert TOUCHES_KERAS.search(f"import json\n{line}\n")
    assert not TOUCHES_KERAS.search("from nnlab import plotting\nfrom nnlab.text import models")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_what_touches_keras_runs_on_every_backend(backend):
    if shutil.which("make") is None:
        pytest.skip("no make here")
    command = ["make", "--dry-run", "test", f"BACKEND={backend}"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    run = {ROOT / word for word in said.split() if word.startswith("tests/")}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if not run & {path, *path.parents}:
            text = path.read_text(encoding="utf-8")
            name = path.relative_to(ROOT).as_posix()
            assert not TOUCHES_KERAS.search(text) or name in ALIKE, f"{name} runs on one backend"


def dry_run(folder, *words):
    """Return what make would run in a folder with nnlab's Makefile; skip without make."""
    if shutil.which("make") is None:
        pytest.skip("no make here")
    shows = "\nshow:\n\techo $(NNLAB_DATA)\n"
    (folder / "Makefile").write_text(MAKEFILE + shows, encoding="utf-8")
    for name in ("pyproject.toml", "constraints.txt"):
        (folder / name).touch()
    # What a make that runs these tests has been told is not for this one.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    environment["HOME"] = "/home/me"
    command = ["make", "--dry-run", f"PYTHON={sys.executable}", *words]
    options = {"env": environment, "capture_output": True, "text": True, "check": True}
    return subprocess.run(command, cwd=folder, **options).stdout


@pytest.mark.parametrize(
    ("target", "name"), [("test", "JAX_COMPILATION_CACHE_DIR"), ("site", "NNLAB_SITE")]
)
def test_a_folder_with_a_space_in_its_name_stays_one_word(tmp_path, target, name):
    folder = tmp_path / "a b"
    folder.mkdir()
    said = dry_run(folder, target, "BACKEND=jax")
    [line] = [line for line in said.splitlines() if f"{name}=" in line]
    [value] = [word for word in shlex.split(line) if word.startswith(f"{name}=")]
    assert value.startswith(f"{name}={folder}/build/")


def test_data_may_lie_in_the_home_folder_or_beside_the_makefile(tmp_path):
    said = dry_run(tmp_path, "show", "NNLAB_DATA=~/data:here:/there")
    assert said == f"echo /home/me/data:{tmp_path}/here:/there\n"


def test_files_that_start_first_exist():
    names = re.findall(r'^    "([^"]+)",$', (ROOT / "conftest.py").read_text("utf-8"), re.MULTILINE)
    assert names
    assert not [name for name in names if not (ROOT / name).is_file()]
