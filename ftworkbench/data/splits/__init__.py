"""Train, validation and test: drawn, frozen, held to."""
