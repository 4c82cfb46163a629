"""Memory and time of a recipe on a card, from the model's configuration alone, before any launch."""
