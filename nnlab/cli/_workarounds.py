"""Faults of other packages that the command works around."""

import sys
from contextlib import contextmanager

PARSERS = "rfc3987_syntax"


@contextmanager
def without_iri_parsers():
    """Return a context for imports: in it, jsonschema finds no package that parses IRIs.

    If it finds the one that Jupyter brings, that builds 35 parsers, which takes a second; no schema
    of notebooks asks for them: https://github.com/python-jsonschema/jsonschema/issues/1428.
    """
    if PARSERS in sys.modules:
        yield
        return
    sys.modules[PARSERS] = None  # to import it is an ImportError now
    try:
        yield
    finally:
        del sys.modules[PARSERS]
