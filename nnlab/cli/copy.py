"""``nnlab copy``: print a helper."""

from typing import Annotated

import typer


def copy(name: Annotated[str, typer.Argument(metavar="HELPER", help="Such as models.build_mlp.")]):
    """Print a helper with just the imports it needs, to paste into your own code."""
    from nnlab.cli import _copying

    try:
        typer.echo(_copying.copyable_source(*_copying.find_helper(name)))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
