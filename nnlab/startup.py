"""Start without the greetings of the libraries below Python."""

import os
import sys
import tempfile
from contextlib import contextmanager


@contextmanager
def quiet_stderr():
    """Return a context that holds back what is written to the file descriptor of standard error, 2.

    That is where libraries below Python write. In Jupyter, Python's own ``sys.stderr`` is elsewhere and goes on.

    TensorFlow writes messages there when it is imported, whatever ``TF_CPP_MIN_LOG_LEVEL`` says (issue 100442 of
    tensorflow/tensorflow). If the context ends in an exception, all that was held back is written after all.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held_back:
        stderr = os.dup(2)
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(stderr, 2)
            held_back.seek(0)
            os.write(2, held_back.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
