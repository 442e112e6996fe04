"""A linter for mail infrastructure: what the software would really do, held against mail policy."""
