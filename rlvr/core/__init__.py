"""Holds what every room uses: records, errors, files, and the machine under them."""
