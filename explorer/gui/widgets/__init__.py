"""Controls that know numbers and pictures, but no recipe.

Promises: a `set_*` method never emits; a signal is only ever the user's doing.
Wheel turns are left to the scrolling panel unless the control has the focus.
"""
