"""The ``nnlab`` command: run notebooks, train, serve, try, data sets, copy a helper, this machine.

One file a command; what begins with an underscore is what they are made of. Nothing outside
imports this folder.
"""

import io
import sys

import typer
from typer.core import TyperGroup

from nnlab.cli.copy import copy
from nnlab.cli.data import data_app
from nnlab.cli.demo import demo
from nnlab.cli.info import info
from nnlab.cli.launch import launch
from nnlab.cli.run import run
from nnlab.cli.serve import serve


class _AnyConsole(TyperGroup):
    """Commands that no character stops: what a console cannot show is shown as its escape."""

    def main(self, *args, **kwargs):
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return super().main(*args, **kwargs)


app = typer.Typer(
    name="nnlab",
    cls=_AnyConsole,
    no_args_is_help=True,
    add_completion=False,
    help="Run notebooks, launch training, serve or try a network, look after data sets, "
    "copy a helper, describe this machine.",
)
app.command()(run)
app.command(context_settings={"allow_interspersed_args": False})(launch)
app.add_typer(data_app)
app.command()(copy)
app.command()(serve)
app.command()(demo)
app.command()(info)
