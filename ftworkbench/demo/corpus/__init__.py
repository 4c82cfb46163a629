"""The text that the pocket model learns from: a file for each kind of skill, all of it made from word lists.

Everything is a function of a `random.Random` and a `Bank`, so the same seed gives the same text anywhere.
"""
