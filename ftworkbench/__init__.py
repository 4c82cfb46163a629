"""A workbench in the terminal for fine-tuning language models, from rows to a proven adapter."""

__version__ = "0.1.0"
