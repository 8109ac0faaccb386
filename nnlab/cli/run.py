"""``nnlab run``: execute notebooks."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nnlab.cli._extras import needs_extra
from nnlab.cli._workarounds import without_iri_parsers


def run(
    notebooks: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="NOTEBOOK",
            help="Files, or folders of them.",
            show_default="./notebooks/*.ipynb",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick/--full", help="A minute or less each, or as published.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for notebooks, results and gallery.")] = Path(
        "build/run"
    ),
    timeout: Annotated[
        float, typer.Option(min=1, max=1e7, help="Seconds that one cell may take.")
    ] = 1800,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks to run at a time.")] = 1,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            metavar="NAME=VALUE",
            help="A setting, where a notebook has it: -p EPOCHS=3 -p SEED=1.",
        ),
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder for trained models, each with a card."),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="RESULTS", help="An earlier run's results.json: show what changed."),
    ] = None,
):
    """Execute notebooks in fresh kernels and write a gallery of them; exit 1 if one fails."""
    with needs_extra("run"), without_iri_parsers():
        from nnlab.cli import _comparison, _console, _notebooks, _parameters

    try:
        paths = _notebooks.find_notebooks(notebooks or (), out)
        given = _parameters.parse_parameters(parameters or ())
        chosen = _parameters.choose_parameters(paths, given)
        # Read now: this run may write to the same folder.
        earlier = (str(compare), _comparison.read_run(compare)) if compare else None
    except (OSError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    if models:
        make_folder_of_models(models)
    settings = {"quick": quick, "timeout": timeout, "jobs": jobs}
    settings |= {"parameters": chosen, "models": models, "earlier": earlier}
    try:
        code = _console.run_and_show(paths, out, **settings)
    except OSError as error:  # a disk that is full, a folder that may not be written
        typer.echo(f"stopped: {error}", err=True)
        code = 1
    raise typer.Exit(code)


def make_folder_of_models(path):
    """Make a folder before anything is trained; raise `typer.BadParameter` where it cannot be."""
    reason = "it may not be written to"
    try:
        path.mkdir(parents=True, exist_ok=True)
        fit = os.access(path, os.W_OK | os.X_OK)
    except OSError as error:
        reason = error.strerror
        fit = False
    if not fit:
        raise typer.BadParameter(
            f"no models can be kept in {path} ({reason}): choose another --models"
        )
