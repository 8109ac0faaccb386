import os

import pytest

from nnlab import startup


def test_nothing_reaches_standard_error_inside_and_all_does_after(helper, capfd):
    with helper(startup.quiet_stderr)():
        os.write(2, b"from below Python\n")
        os.system("echo from a child >&2")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_what_was_held_back_is_shown_if_it_ends_in_an_error(helper, capfd):
    with pytest.raises(ImportError), helper(startup.quiet_stderr)():
        os.write(2, b"the reason\n")
        raise ImportError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "the reason\nafter\n"


def test_standard_output_is_left_alone(helper, capfd):
    with helper(startup.quiet_stderr)():
        os.write(1, b"result\n")
    assert capfd.readouterr() == ("result\n", "")
