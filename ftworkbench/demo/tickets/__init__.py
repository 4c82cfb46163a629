"""How the demo's support tickets are written: phrases by queue, a grammar over them, and how people type."""
