"""A report in words: what was found, topic by topic, and what each finding proves.

The command line prints the sentences, the window sets the same ones in type. No finding
ever says that a picture is real, and silence is never taken for an answer.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from explorer.provenance.claims import COMPOSITE
from explorer.provenance.credentials import Credentials
from explorer.recipe import Film

if TYPE_CHECKING:
    from explorer.provenance.verify import Report

Tone = Literal["good", "plain", "warning"]
"""Good: it holds. Plain: nothing to rely on, nothing amiss. Warning: do not rely on it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, or not."""

    topic: Literal["origin", "program", "recipe", "finish", "credentials", "mark"]
    tone: Tone
    headline: str
    """A few words."""
    words: str
    """One or more whole sentences that stand alone."""


def findings(report: "Report") -> tuple[Finding, ...]:
    """What `report` says, the most important first."""
    says = [_origin(report)]
    if report.software:
        says.append(Finding("program", "plain", report.software, f"Written by: {report.software}."))
    says.append(_recipe(report))
    if report.finish is None:
        words = f"After drawing: {report.finish_problem}."
        says.append(Finding("finish", "warning", "Cannot be told", words))
    elif done := report.finish.in_words():
        says.append(Finding("finish", "plain", done[0].upper() + done[1:], f"After drawing: {done}."))
    says.append(_credentials(report))
    if report.format != "JSON":
        says.append(_mark(report))
    return tuple(says)


def summary(report: "Report") -> Finding:
    """The answer to "is it ours?", in one line and one paragraph."""
    signed = report.credentials
    if signed.present and signed.tampered:
        return Finding(
            "origin",
            "warning",
            "Changed after it was signed",
            "Somebody or some program has altered this file. What it says of itself cannot be relied on.",
        )
    if signed.is_own and signed.valid:
        return Finding(
            "origin",
            "good",
            "Made here, and unchanged",
            "This installation of Latent Explorer wrote the file, and not a bit of it has changed since.",
        )
    if report.format == "JSON":
        return Finding(
            "origin",
            "plain",
            "A recipe, not a picture",
            "It tells the program what to draw. Anybody may have written it.",
        )
    if report.software.startswith("Latent Explorer") and report.ai_generated:
        return Finding(
            "origin",
            "plain",
            "Says it was made with Latent Explorer",
            "It was probably made with this program, here or elsewhere. Such notes can be forged; only an "
            "unbroken signature of your own proves that a file is yours.",
        )
    if report.mark is not None and report.mark.found:
        return Finding(
            "origin",
            "plain",
            "Drawn with Latent Explorer",
            "The file does not say so, but the invisible mark in its pixels does. It may have been changed "
            "since, and the mark does not tell by whom it was made.",
        )
    if report.ai_generated:
        return Finding(
            "origin",
            "plain",
            "Says it was made by AI, not here",
            "Another program has marked it as made by AI. Such notes can be forged.",
        )
    return Finding(
        "origin",
        "plain",
        "Says nothing of how it was made",
        "That is no answer. Notes like these are lost whenever a picture passes through a messenger, a "
        "screenshot or an editor: it may be made by AI, and it may not. Nothing in a file can tell you that "
        "a picture shows something that happened.",
    )


def _origin(report: "Report") -> Finding:
    if report.format == "JSON":
        words = "This is a recipe: not a picture, but all that is needed to draw one."
        return Finding("origin", "plain", "A recipe", words)
    if report.source_type == COMPOSITE:
        words = "The file says of itself that AI made it out of a picture that somebody supplied."
        return Finding("origin", "good", "The file says: made by AI, from a supplied picture", words)
    if report.ai_generated and not report.says_so:
        words = "The file says nothing, but its pixels carry this program's mark: it was made by AI."
        return Finding("origin", "good", "Its pixels say: made by AI", words)
    if report.ai_generated:
        words = "The file says of itself that it was made by AI."
        return Finding("origin", "good", "The file says: made by AI", words)
    return Finding(
        "origin",
        "plain",
        "The file does not say",
        "The file does not say that it was made by AI. That proves nothing: such notes are easily "
        "lost, for instance when a picture is sent through a messenger.",
    )


def _mark(report: "Report") -> Finding:
    found = report.mark
    if found is None:
        why = report.mark_problem or "nobody asked for it"
        return Finding("mark", "plain", "Not looked for", f"Invisible mark: not looked for; {why}.")
    if found.found:
        also = ", in a mirror image" if found.mirrored else ""
        words = (
            f"Invisible mark: found in the pixels{also}. The picture, or a part of it, was drawn by Latent "
            "Explorer, even if it has been changed since. (It says neither who drew it nor when; a picture "
            "without it passes for one with it less than once in a million.)"
        )
        return Finding("mark", "good", "Found in the pixels", words)
    words = (
        "Invisible mark: not found. That proves nothing: other programs lay none, strong changes remove it, "
        "and its maker may have left it out."
    )
    return Finding("mark", "plain", "Not found", words)


def _recipe(report: "Report") -> Finding:
    if report.is_recipe_edited:
        words = "Recipe: edited. It is not the one that was signed with this file; it draws something else."
        return Finding("recipe", "warning", "Edited", words)
    if report.credentials.tampered and (report.film or report.recipe) is not None:
        words = "Recipe: complete, but the file was changed since it was signed, and the recipe may be too."
        return Finding("recipe", "warning", "Complete, perhaps changed", words)
    if report.film is not None:
        return Finding("recipe", "good", "Complete", _film_in_words(report.film, report.frame))
    if report.recipe is not None:
        words = f"Recipe: complete; drawn by the network {report.recipe.model.name!r}."
        return Finding("recipe", "good", "Complete", words)
    if report.recipe_problem:
        return Finding("recipe", "warning", "Cannot be used", f"Recipe: {report.recipe_problem}.")
    return Finding("recipe", "plain", "None", "Recipe: none.")


def _film_in_words(film: Film, frame: int | None) -> str:
    keys = sum(len(cell) for cell in film.cells)
    if film.frames == 1:
        what = f"a sheet of {keys} pictures" if keys > 1 else "one picture"
    else:
        what = f"{film.frames} frames at {film.fps:g} a second, from {keys} keyframes"
    which = "" if frame is None else f"; this is frame {frame} of it"
    return f"Recipe: complete; {what}, drawn by the network {film.model.name!r}{which}."


def _credentials(report: "Report") -> Finding:
    if report.format == "WEBM":
        words = "Content Credentials: none; this format cannot carry them."
        return Finding("credentials", "plain", "None", words)
    tone, headline, words = _credentials_in_words(report.credentials)
    return Finding("credentials", tone, headline, f"Content Credentials: {words}")


def _credentials_in_words(found: Credentials) -> tuple[Tone, str, str]:
    if found.present is None:
        return "plain", "Not checked", f"not checked: {found.problem}."
    if not found.present:
        return "plain", "None", "none. They may have been removed; that alone proves nothing."
    if found.tampered:
        words = "broken. The file was changed after it had been signed; do not rely on what it says."
        return "warning", "Broken", words
    if not found.valid:
        return "warning", "Not usable", f"not usable ({found.problem}), though the file seems unchanged."
    if found.is_own and not found.is_self_made:
        words = (
            f"valid. The file is unchanged since it was signed with your own certificate, {found.signer!r}. "
            "Others see that name; what it is worth to them is a matter of who issued the certificate."
        )
        return "good", "Valid, signed with your certificate", words
    if found.is_own:
        words = (
            "valid. The file is unchanged since this installation of Latent Explorer wrote it. "
            "The certificate is self-made: it does not prove who made the picture."
        )
        return "good", "Valid, signed by this installation", words
    words = (
        f"intact. The file is unchanged since somebody who signs as {found.signer!r} wrote it. "
        "This program cannot tell who that is."
    )
    return "good", "Intact, signed by somebody else", words
