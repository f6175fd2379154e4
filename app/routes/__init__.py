"""What can be asked, a module each; they read, call :mod:`app.pipeline`, and answer."""
