"""Writes what people read: tables, figures and the HTML page."""
