"""How the pocket model is made: its tokenizer, shards of packed text, training, and its scores."""
