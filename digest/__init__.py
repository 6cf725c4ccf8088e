"""A newsletter of the new research papers you would want to read."""

__version__ = "0.1.0"
