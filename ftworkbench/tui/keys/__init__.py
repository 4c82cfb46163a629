"""What every key does, one table for each scope. `actions` gathers them."""
