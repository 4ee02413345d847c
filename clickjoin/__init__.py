"""The command line, and everything that runs on one machine: embedded servers, supervisor, demo."""
