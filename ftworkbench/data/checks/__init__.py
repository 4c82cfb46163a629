"""What is wrong with rows, one by one and held against each other."""
