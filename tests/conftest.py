"""Settings for all tests: no window, no chatter, and the "copied" twin of every helper."""

import os

os.environ["MPLBACKEND"] = "agg"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
