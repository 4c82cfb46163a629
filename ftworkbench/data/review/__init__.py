"""What people decide about rows: the ledger, and what is asked of it."""
