"""The embedded default: a pocket model, the data it is tried on, and the script that made the model."""
