"""``nnlab demo``: a page on which a network reads the digits that you draw."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("build/digit.html"),
    browser: Annotated[bool, typer.Option(help="Open it.")] = True,
):
    """Draw a digit, and see a network read it: in your browser, without a server or a network."""
    from nnlab.cli._digit_page import digit_page
    from nnlab.cli._writing import write_whole

    if out.is_dir():
        raise typer.BadParameter(f"{out} is a folder: name the page, as {out / 'digit.html'}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out.resolve(), digit_page())  # what a link leads to
    except OSError as error:
        raise typer.BadParameter(
            f"the page cannot be written to {out} ({error.strerror}): choose another --out"
        ) from error
    typer.echo(out)
    if browser:
        webbrowser.open(out.resolve().as_uri())
