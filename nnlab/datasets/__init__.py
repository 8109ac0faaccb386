"""Data sets as frozen dataclasses of NumPy arrays."""
