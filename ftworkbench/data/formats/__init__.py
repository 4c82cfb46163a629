"""Records of every format as canonical examples, and back."""
