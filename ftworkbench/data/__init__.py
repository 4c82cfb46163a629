"""Rows in, curated rows out: sources, formats, checks, the ledger of decisions, search and splits.

No torch and no screens: whatever shows or trains on a row gets it from here.
"""
