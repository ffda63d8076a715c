"""`models`: the networks that came with the program, were downloaded, or may be."""

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from explorer.cli.console import ByteBar, notice, print_json
from explorer.errors import DownloadError

if TYPE_CHECKING:
    from explorer.checkpoints.download import DownloadProgress
    from explorer.checkpoints.public_networks import PublicNetwork

HELP = "list networks, and fetch published ones"
EPILOG = (
    "A download begins after you accepted the licence of its network. It uses HTTPS alone, through\n"
    "the proxy that HTTPS_PROXY names, and goes on where it was stopped. What is fetched is checked\n"
    "without running anything in it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "get"),
        default="list",
        help="list: show all networks (default); get: fetch one of the published ones",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="network to fetch, as `models list` names it")
    parser.add_argument(
        "--accept-licence", action="store_true", help="with get: you read its licence and accept it"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """List networks, or fetch one."""
    if (args.action == "get") != (args.name is not None):
        args.parser.error("get needs the NAME of a network" if args.name is None else "list takes no NAME")
    if args.action == "get":
        return _get(args.name, accepted=args.accept_licence, as_json=args.json)
    if args.accept_licence:
        args.parser.error("--accept-licence goes with get")
    return _list(as_json=args.json)


def _list(as_json: bool) -> int:
    models = [*_bundled(), *_downloaded()]
    here = {model["name"] for model in models}
    models += [model for model in _public() if model["name"] not in here]
    if as_json:
        print_json(models)
        return 0
    kinds = {state: [model for model in models if model["state"] == state] for state in _WORDS}
    if not kinds["bundled"]:
        print("no network came with this installation; open a checkpoint of your own with --model FILE")
    for state, words in _WORDS.items():
        if kinds[state]:
            print(f"{words}\n")
        for model in kinds[state]:
            print("\n".join(_in_brief(model) if state == "public" else [*_in_words(model), ""]))
    return 0


_WORDS = {
    "bundled": "came with the program:",
    "downloaded": "downloaded:",
    "public": "may be fetched with `latent-explorer models get NAME`:",
}


def _in_words(model: dict[str, Any]) -> list[str]:
    facts = [model["architecture"], f"{model['resolution']} pixels" if model["resolution"] else ""]
    if model["parameters"]:
        facts.append(f"{model['parameters']:,} parameters")
    if model["size"]:
        facts.append(f"{model['size'] / 2**20:.1f} MiB")
    licence = f"{model['licence']} {model['licence_url'] or ''}".rstrip()
    lines = {
        "": f"{model['name']}: {model['title']}",
        "network": ", ".join(fact for fact in facts if fact),
        "licence": licence,
        "attribution": model["attribution"],
        "sha256": model["sha256"],
        "file": model["file"],
        "source": model["source"],
        "note": model["note"],
    }
    return [f"  {key}: {text}" if key else text for key, text in lines.items() if text]


def _in_brief(model: dict[str, Any]) -> list[str]:
    """Two lines; `get` tells the rest before it fetches anything."""
    size = f", about {model['size'] / 2**20:.0f} MiB" if model["size"] else ""
    digest = f", sha256 {model['sha256']}" if model["sha256"] else ""
    return [
        f"{model['name']}: {model['draws']} {model['resolution']} pixels, {model['architecture']}{size}",
        f"  {model['attribution']}, {model['licence']}{digest}",
    ]


def _row(state: str, name: str, **facts: Any) -> dict[str, Any]:
    """One network with every key there is; None stands for what is not known."""
    keys = (
        "title draws subject architecture resolution parameters licence licence_url attribution size sha256 "
        "file source note"
    )
    return {"name": name, "state": state, **dict.fromkeys(keys.split()), **facts}


def _bundled() -> list[dict[str, Any]]:
    from explorer.checkpoints import Register, bundled_models

    register = Register()
    return [
        _row(
            "bundled",
            model.name,
            title=model.title,
            architecture=model.architecture,
            resolution=model.resolution,
            parameters=model.parameters,
            licence=model.licence,
            attribution=model.attribution,
            size=model.size,
            sha256=model.sha256(register),
            file=str(model.path),
        )
        for model in bundled_models()
    ]


def _downloaded() -> list[dict[str, Any]]:
    from explorer.checkpoints.downloaded import downloaded_networks

    rows = []
    for network in downloaded_networks():
        facts: dict[str, Any] = {"title": network.name, "file": str(network.path), "size": network.size}
        record = network.record
        if record is None:
            facts["note"] = "put there by hand: no record says where it comes from"
        else:
            facts |= {
                "title": record.title or network.name,
                "architecture": record.family,
                "resolution": record.resolution,
                "licence": record.licence,
                "licence_url": record.licence_url,
                "attribution": record.publisher,
                "sha256": record.sha256,
                "source": record.source,
                "note": f"licence accepted {record.accepted}",
            }
        rows.append(_row("downloaded", network.name, **facts))
    return rows


def _public() -> list[dict[str, Any]]:
    from explorer.checkpoints.public_networks import public_networks

    return [
        _row(
            "public",
            entry.name,
            title=entry.title,
            draws=entry.draws,
            subject=entry.subject,
            architecture=entry.family,
            resolution=entry.resolution,
            licence=entry.licence.name,
            licence_url=entry.licence.url,
            attribution=entry.publisher,
            size=entry.size,
            sha256=entry.sha256,
            source=entry.url,
            note=entry.note,
        )
        for entry in public_networks()
    ]


def _get(name: str, accepted: bool, as_json: bool) -> int:
    from explorer.checkpoints.catalogue import bundled_path
    from explorer.checkpoints.download import download, partial_bytes
    from explorer.checkpoints.downloaded import downloaded_path
    from explorer.checkpoints.public_networks import public_network

    path = bundled_path(name) or downloaded_path(name)
    if path is not None:
        notice(f"{name} is here already")
    else:
        entry = public_network(name)
        accepted = accepted or _ask(entry)
        try:
            with ByteBar() as bar:
                path = download(entry, accept_licence=accepted, progress=partial(_show, bar))
        except KeyboardInterrupt:
            if kept := partial_bytes(entry):
                notice(f"{kept:,} bytes are kept; the same command goes on from there")
            raise
    if as_json:
        rows = [*_bundled(), *_downloaded()]
        print_json(next(row for row in rows if row["file"] == str(path)))
    else:
        print(path)
    return 0


def _show(bar: ByteBar, now: "DownloadProgress") -> None:
    bar.show(now.stage, now.done, now.total, now.rate, now.seconds_left)


def _ask(entry: "PublicNetwork") -> bool:
    """Show the licence and ask for it to be accepted; questions go to standard error."""
    lines = [
        f"{entry.title}: {entry.draws} {entry.resolution} pixels, {entry.family}.",
        f"from: {entry.publisher}, {entry.url}",
        f"licence: {entry.licence.name}",
        f"  {entry.licence.summary}",
        f"  The whole text: {entry.licence.url}",
    ]
    if entry.note:
        lines.append(f"note: {entry.note}")
    print("\n".join(lines), file=sys.stderr)
    if not sys.stdin.isatty():
        raise DownloadError(
            f"nobody is here to accept the licence of {entry.name}; read it at {entry.licence.url}, "
            "then add --accept-licence"
        )
    print("Type yes to accept it: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("yes", "y"):
        raise DownloadError(f"the licence of {entry.name} was not accepted; nothing was fetched")
    return True
