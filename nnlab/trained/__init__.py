"""Trained networks: those of your own runs, kept with a card that says what they are."""

from nnlab.trained.keeping import keep_model

__all__ = ["keep_model"]
