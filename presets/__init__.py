"""How known networks and sources spell things (data), and the loader of the configuration."""
