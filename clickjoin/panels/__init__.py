"""What to paste into the panels of networks and traffic sources, and what to mind there."""
