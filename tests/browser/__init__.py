"""The faces in a real browser, on the real service and worker."""
