"""Make the links of README.md whole addresses: PyPI, which shows that page alone, needs them so.

    python docs/absolute.py v0.2.0    # a tag or a branch

Each link to a file of this repository then leads to the repository that pyproject.toml names, at
that tag; a picture is the file itself. The release workflow does this before it builds.
"""

import re
import sys

from address import ROOT, repository

LINK = re.compile(r"(!?)\[([^\[\]]*)\]\((?!\w+:|#)([^()\s]+)\)")


def with_addresses(text, project, version):
    """Return Markdown whose relative links are addresses.

    project: "owner/name" on GitHub.
    version: a tag or a branch.
    """

    def address(link):
        picture, words, path = link.groups()
        kind = "raw" if picture else "blob"
        return f"{picture}[{words}](https://github.com/{project}/{kind}/{version}/{path})"

    return LINK.sub(address, text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/absolute.py VERSION, a tag or a branch")
    page = ROOT / "README.md"
    text = with_addresses(page.read_text("utf-8"), repository(), sys.argv[1])
    page.write_text(text, encoding="utf-8")
