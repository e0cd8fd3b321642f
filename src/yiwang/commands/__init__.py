"""The commands of `yiwang`, one module for each group."""
