"""The rules that every notebook keeps; what the notebooks say is checked by nbval."""
