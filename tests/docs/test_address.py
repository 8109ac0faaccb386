"""The address of nnlab: one place, and a command that moves it wherever it stands."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWNER = re.compile(r"(?:github\.com|/github)/OWNER\b|OWNER\.github\.io")
NOT_PUBLISHED = {".git", ".venv", "build", "dist", "data", "tests", "node_modules"}
PROJECT = """\
[project]
name = "nnlab"
[project.urls]
Repository = "https://github.com/OWNER/nnlab"
Documentation = "https://OWNER.github.io/nnlab/"
"""
PAGE = """\
[Colab](https://colab.research.google.com/github/OWNER/nnlab/blob/main/a.ipynb)
[Kaggle](https://kaggle.com/kernels/welcome?src=https://github.com/OWNER/nnlab/blob/main/a.ipynb)
git clone https://github.com/OWNER/nnlab.git
https://github.com/OWNER/nnlab-data https://github.com/keras-team/keras OWNER/nnlab
"""


@pytest.fixture
def project(tmp_path):
    """A small project with the real programs."""
    (tmp_path / "docs").mkdir()
    for name in ("address.py", "absolute.py"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "README.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / ".github" / "ISSUE_TEMPLATE").mkdir(parents=True)
    (tmp_path / ".github" / "ISSUE_TEMPLATE" / "config.yml").write_text(PAGE, encoding="utf-8")
    return tmp_path


def run(project, *arguments, program="address.py"):
    command = [sys.executable, project / "docs" / program, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def contents(project):
    return {path: path.read_text("utf-8") for path in project.rglob("*") if path.is_file()}


def test_without_an_argument_it_prints_what_pyproject_says(project):
    before = contents(project)
    assert run(project).stdout == "OWNER/nnlab\n"
    assert contents(project) == before


def test_an_owner_is_written_wherever_the_address_stands(project):
    done = run(project, "alice")
    assert done.stdout.split() == [
        "pyproject.toml",
        "README.md",
        ".github/ISSUE_TEMPLATE/config.yml",
        "alice/nnlab",
    ]
    assert (project / "pyproject.toml").read_text("utf-8") == PROJECT.replace("OWNER", "alice")
    page = (project / "README.md").read_text("utf-8")
    assert page.count("alice/nnlab") == 3
    assert page.splitlines()[-1] == PAGE.splitlines()[-1]  # what only looks alike


def test_it_can_be_moved_again_under_another_name_and_back(project):
    before = contents(project)
    run(project, "alice/my.nets")
    assert "https://alice.github.io/my.nets/" in (project / "pyproject.toml").read_text("utf-8")
    assert run(project, "OWNER/nnlab").returncode == 0
    assert contents(project) == before


@pytest.mark.parametrize("wrong", ["", "a b", "/nnlab", "a/b/c", "https://github.com/a"])
def test_what_is_no_owner_is_refused_and_nothing_changes(project, wrong):
    before = contents(project)
    done = run(project, wrong)
    assert done.returncode == 1
    assert (
        done.stderr == f"{wrong!r} is no owner on GitHub, nor owner/name: alice, or alice/nnlab\n"
    )
    assert contents(project) == before


def test_an_address_of_another_form_is_refused(project):
    text = PROJECT.replace("https://github.com/OWNER/nnlab", "https://example.org/nnlab")
    (project / "pyproject.toml").write_text(text, encoding="utf-8")
    done = run(project, "alice")
    assert done.returncode == 1
    assert "should be https://github.com/owner/name" in done.stderr


def test_on_pypi_each_link_of_the_readme_leads_to_the_repository(project):
    readme = (ROOT / "README.md").read_text("utf-8")
    page = project / "README.md"
    page.write_text(readme + "[here](#more) [there](https://a.org/b)\n", encoding="utf-8")
    assert run(project, program="absolute.py").returncode == 1
    assert run(project, "v1.2", program="absolute.py").returncode == 0
    links = re.findall(r"\]\((.*?)\)", page.read_text("utf-8"))
    assert links[-2:] == ["#more", "https://a.org/b"]
    assert "https://github.com/OWNER/nnlab/raw/v1.2/.github/gallery.png" in links
    assert "https://github.com/OWNER/nnlab/blob/v1.2/CONTRIBUTING.md" in links
    before = re.findall(r"\]\((.*?)\)", readme)
    for link, old in zip(links[:-2], before, strict=True):
        _, _, path = link.partition("/v1.2/")
        assert (ROOT / path).exists() and old in (path, link)


def test_no_file_names_an_owner_that_the_command_would_leave(tmp_path):
    for path in ROOT.iterdir():
        if path.name not in NOT_PUBLISHED and path.suffix != ".egg-info":
            place = tmp_path / path.name
            ignored = shutil.ignore_patterns("__pycache__")
            if path.is_dir():
                shutil.copytree(path, place, ignore=ignored)
            else:
                shutil.copy(path, place)
    assert run(tmp_path, "nobody").returncode == 0
    (tmp_path / "docs" / "address.py").unlink()  # explains itself
    left = [path for path, text in readable(tmp_path) if OWNER.search(text)]
    assert not left


def readable(folder):
    """Yield the path and the text of each file below a folder that holds text."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                yield path, path.read_text("utf-8")
            except UnicodeDecodeError:
                continue
