"""What a run is: typed tables, TOML that keeps its comments, and what is chosen where nothing was said."""
