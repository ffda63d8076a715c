"""The command line: one file per verb, each parse, call, print.

A verb is a module named in `main.VERBS` with three names:

- `HELP: str`, one line for the list of verbs, without a full stop;
- `add_arguments(parser)`, which adds its options, each with a help text
  (`--debug` is added for it);
- `run(args) -> int`, which does the work and returns the exit code, 0 when done.

The module is imported to *list* verbs too, so its top imports only the standard
library, `explorer.errors`, `explorer.recipe` and `explorer.cli`; torch, numpy,
Pillow and the other rooms are imported inside `run`. So `--help` takes 0.1 s, where
importing torch alone takes 1.7 s (on a two-core server). Errors that a person can
act on are raised (`ExplorerError`, `OSError`); `main` prints them as one line
and exits with 1. Options that cannot be understood raise
`argparse.ArgumentTypeError` from a `type=` function (`options.py` has those of
the recipe notation) or call `parser.error`: exit 2. Ctrl-C arrives as
`KeyboardInterrupt`: tidy up in `finally` and let it pass.

Promises: with `--json` one JSON document on standard output and nothing else;
progress and notices go to standard error. Everything but the window works
without a display and without Qt. Deliberately ignorant of how the work is done.
"""
