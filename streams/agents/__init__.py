"""The three roles, each against the protocols of streams.role."""
