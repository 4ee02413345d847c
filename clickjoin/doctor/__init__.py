"""`clickjoin doctor`: everything that must fit before traffic comes, asked of what is there."""
