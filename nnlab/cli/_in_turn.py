"""An IPython extension for the kernels that nnlab starts: what is written in turn is shown in turn.

A kernel collects for a fifth of a second what goes to each of its two streams, and so would show
what went to standard error after everything that went to standard output in that time.
"""

import sys
import threading


def load_ipython_extension(shell):
    """Let each of the two streams show what it holds before the other one is written to.

    Only where both are written to by one thread: two threads would cut each other's lines.
    """
    latest = [(sys.stdout, threading.get_ident())]

    def take_turns(stream):
        write = stream.write

        def write_in_turn(text):
            other, thread = latest[0]
            latest[0] = (stream, threading.get_ident())
            if other is not stream and thread == threading.get_ident():
                other.flush()
            return write(text)

        stream.write = write_in_turn

    take_turns(sys.stdout)
    take_turns(sys.stderr)
