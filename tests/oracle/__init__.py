"""Second implementations, naive and slow, that share no code with what they judge."""
