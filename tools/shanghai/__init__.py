"""What `tools/build_shanghai.py` is made of: tables written by hand and rules that expand them."""
