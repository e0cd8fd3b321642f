"""Warnings: from readings and indicators that are not as they should be."""
