"""What runs by itself: workflows that may do little, targets of make that are there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


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


MAY = [{"contents": "read"}, {"contents": "read", "issues": "write"}]


def test_every_target_of_make_that_is_named_exists():
    known = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / ".ci" / "run", *WORKFLOWS]:
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:`|run: |^)make ([a-z]+)", text, re.MULTILINE))
        assert named <= known, f"{path.name} names make {sorted(named - known)}"
