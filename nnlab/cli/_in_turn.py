"""An IPython extension for the kernels that nnlab starts: what is written in turn is shown in turn.

A kernel collects for a fifth of a second what goes to each of its two streams, and so would show
what went to standard error after everything that went to standard output in that time.
"""

import sys


def load_ipython_extension(shell):
    """Let each of the two streams show what it holds before the other one is written to."""
    writing = [sys.stdout]  # the stream that was written to last

    def take_turns(stream):
        write = stream.write

        def write_in_turn(text):
            if writing[0] is not stream:
                writing[0].flush()
                writing[0] = stream
            return write(text)

        stream.write = write_in_turn

    take_turns(sys.stdout)
    take_turns(sys.stderr)
