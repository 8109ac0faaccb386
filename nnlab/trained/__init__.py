"""Trained networks: those that come with nnlab, and yours, each kept with a card."""

from nnlab.trained.keeping import keep_model
from nnlab.trained.loading import load_trained

__all__ = ["keep_model", "load_trained"]
