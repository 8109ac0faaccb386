"""``python -m nnlab.cli``: the command, where no script of that name is on the path."""

from nnlab.cli import app

app(prog_name="nnlab")
