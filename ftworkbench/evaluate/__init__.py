"""Outputs in, verdict out: the prompted contestants, metrics, paired statistics, and what they say."""
