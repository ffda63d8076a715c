"""The window: store, bridge to the render thread, viewer, panels.

Promises: the GUI thread never touches a network, a device or a large file; the
recipe in `store.Store` is the only truth, and every widget shows itself from it;
what is on screen (`viewer.frame.request.recipe`) and what is wanted
(`store.recipe`) are kept apart. Deliberately ignorant of torch and of how a
picture is made: it sends requests down and shows the frames that come back.

Where to look: `main_window` makes all connections, in one list; `panels/` are
the parts of a recipe on screen; `widgets/` know no recipe at all;
`render_bridge` is the only file that knows both the render thread and signals.
"""
