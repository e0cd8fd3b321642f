"""Indicators: figures over readings with a definition of their own."""
