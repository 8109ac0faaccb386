"""Where nnlab is published: one address in pyproject.toml, and a command that moves it everywhere.

    python docs/address.py             # print it: OWNER/nnlab
    python docs/address.py alice       # from now on it is github.com/alice/nnlab
    python docs/address.py alice/nets  # the same, under another name

`make owner OWNER=alice` does the same. Workflows that publish give it the name of the repository
that they run in.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "pyproject.toml"
# Everything that may name the address; what is not there, or does not name it, stays as it is.
PLACES = (
    PROJECT,
    "*.md",
    "CITATION.cff",
    "Dockerfile",
    ".github/**/*.md",
    ".github/**/*.yml",
    "docs/site/**/*.md",
    "notebooks/**/*.ipynb",
)


def repository():
    """Return the repository, "owner/name", that the address in pyproject.toml names."""
    urls = tomllib.loads((ROOT / PROJECT).read_text("utf-8"))["project"]["urls"]
    found = re.fullmatch(r"https://github\.com/([\w-]+/[\w.-]+)", urls["Repository"])
    if not found:
        raise ValueError(
            f"Repository in {PROJECT} is {urls['Repository']!r}, and should be "
            "https://github.com/owner/name"
        )
    return found[1]


def completed(new):
    """Return "owner/name" for an owner alone, or for both; raise ValueError for anything else."""
    owner, _, name = new.partition("/")
    name = name or repository().partition("/")[2]
    if not re.fullmatch(r"[A-Za-z0-9-]+", owner) or not re.fullmatch(r"[\w.-]+", name):
        raise ValueError(f"{new!r} is no owner on GitHub, nor owner/name: alice, or alice/nnlab")
    return f"{owner}/{name}"


def moved(text, old, new):
    """Return a text in which the addresses of one repository, "owner/name", are those of another.

    They are those on GitHub, on services that open what lies there, and of GitHub Pages.
    """
    old_pages = "{}.github.io/{}".format(*old.split("/"))
    new_pages = "{}.github.io/{}".format(*new.split("/"))
    text = re.sub(rf"((?:github\.com|/github)/){re.escape(old)}(?![\w-])", rf"\g<1>{new}", text)
    return re.sub(rf"//{re.escape(old_pages)}(?![\w-])", f"//{new_pages}", text)


def move(new):
    """Rewrite the address wherever it stands; return the names of the files that changed."""
    old = repository()
    changed = []
    for place in PLACES:
        for path in sorted(ROOT.glob(place)):
            before = path.read_text("utf-8")
            after = moved(before, old, new)
            if after != before:
                path.write_text(after, encoding="utf-8")
                changed.append(path.relative_to(ROOT).as_posix())
    return changed


if __name__ == "__main__":
    try:
        if len(sys.argv) > 1:
            print("\n".join(move(completed(sys.argv[1]))))
        print(repository())
    except ValueError as error:
        sys.exit(str(error))
