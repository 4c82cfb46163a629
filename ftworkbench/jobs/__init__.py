"""A long piece of work in a folder of its own: launched, queued, followed, stopped, resumed.

The folder is the whole interface between the work and its watchers: the worker writes, everybody else tails.
"""
