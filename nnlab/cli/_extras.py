"""What to install where a command needs more than nnlab's core."""

from contextlib import contextmanager

import typer


@contextmanager
def needs_extra(extra):
    """Return a context for imports: where a package is missing, say what brings it, and exit 1."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "nnlab").startswith("nnlab"):  # a fault of ours, not of what is installed
            raise
        advice = f'pip install "nnlab[{extra}]"'
        typer.echo(f"{error.name} is not installed, which this command needs: {advice}", err=True)
        raise typer.Exit(1) from error
