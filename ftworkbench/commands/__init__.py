"""The commands: one module each, with `add_arguments(parser)` and `run(args)`, which gives the exit code."""
