"""The process that does one job: train, evaluate, merge, answer, or measure a step. The only room with torch in it."""
