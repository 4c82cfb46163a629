"""`python -m ftworkbench` is `ftworkbench`."""

from ftworkbench.cli import main

raise SystemExit(main())
