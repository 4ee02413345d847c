"""An operator's own tests: made-up clicks, postbacks and conversions, walked through the system."""
