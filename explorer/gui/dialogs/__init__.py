"""Windows beside the window: shortcuts, about, settings, the command palette.

Each is made when asked for, shows what it is given, and is gone when closed.
"""
