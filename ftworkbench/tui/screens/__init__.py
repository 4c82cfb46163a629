"""One screen for each question: Data, Recipe, Runs, Compare, Evaluate, Ship. They compose and route."""
