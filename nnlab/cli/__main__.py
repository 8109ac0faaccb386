"""``python -m nnlab.cli``: the command, where no script of that name is on the path."""

from nnlab.cli import app

if __name__ == "__main__":
    app(prog_name="nnlab")
