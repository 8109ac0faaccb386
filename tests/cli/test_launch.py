"""``nnlab launch``: what the command says, and its exit status."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nnlab.cli import app


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder, in which the logs are."""
    monkeypatch.chdir(tmp_path)


def invoke(*arguments):
    return CliRunner().invoke(app, ["launch", *arguments])


def test_a_program_keeps_its_own_options_and_the_command_says_where_its_log_is():
    done = invoke("--", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--restarts", "3")
    assert done.exit_code == 0, done.output
    assert str(Path("build", "launch")) in done.output
    assert "['--restarts', '3']" in Path("build/launch/process-0.log").read_text()


def test_a_failed_program_is_named_and_the_exit_status_is_1():
    failed = invoke("--log-folder", "logs", sys.executable, "-c", "raise SystemExit(5)")
    assert failed.exit_code == 1
    assert "process 0 of 1 exited with code 5" in failed.output


@pytest.mark.parametrize("option", ["--processes", "--cores"])
def test_an_option_that_makes_no_sense_is_refused_with_exit_status_2(option):
    refused = invoke(option, "0", "--", sys.executable)
    assert refused.exit_code == 2
    assert "must be at least 1" in refused.output


@pytest.mark.parametrize("option", ["--hosts=2", "--host-index=1", "--coordinator=node0:9876"])
def test_several_hosts_are_the_business_of_srun_and_mpirun(option):
    refused = invoke(option, "--", sys.executable)
    assert refused.exit_code == 2
    assert "No such option" in refused.output
