"""Log files of the application."""
