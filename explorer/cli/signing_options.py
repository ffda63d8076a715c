"""Options that say with which certificate files are signed."""

import argparse


def add_signing_options(parser: argparse.ArgumentParser) -> None:
    """Add `--certificate` and `--key`."""
    add = parser.add_argument
    add(
        "--certificate",
        metavar="FILE",
        help="sign with this certificate (PEM, those above it behind it) instead of this installation's; "
        "or set LATENT_EXPLORER_CERTIFICATE and LATENT_EXPLORER_KEY",
    )
    add("--key", metavar="FILE", help="its private key (PEM; default: in the file of the certificate)")


def use_signing_options(args: argparse.Namespace) -> None:
    """Sign as asked from now on; a certificate that cannot be used is an error before anything is drawn."""
    if args.key is not None and args.certificate is None:
        args.parser.error("--key needs --certificate")
    if args.certificate is not None:
        from explorer.provenance import own_certificate

        own_certificate.use(args.certificate, args.key)
