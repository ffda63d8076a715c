"""What is written into a picture beside its pixels, as one value."""

from dataclasses import dataclass

import explorer
from explorer.recipe import Film, Recipe, StoredLatent, edits, film_document, source_name
from explorer.recipe.document import dumps
from explorer.recipe.finish import AS_DRAWN, Finish

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC NewsCodes, the vocabulary of `DigitalSourceType`."""
GENERATED = SOURCE_TYPES + "trainedAlgorithmicMedia"
COMPOSITE = SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"


def is_composite(recipe: Recipe) -> bool:
    """Whether a picture somebody supplied went into this one.

    It decides what a file says of itself: *compositeWithTrainedAlgorithmicMedia* instead of
    *trainedAlgorithmicMedia*, and Content Credentials that begin with `c2pa.opened` and an
    ingredient instead of `c2pa.created`. Nothing has to be passed along: the recipe's latents
    know it (`StoredLatent.is_of_supplied_picture`), and with them every mix, push and film made of them.
    """
    return any(latent.is_of_supplied_picture for latent in recipe.latents)


def source_type_of(recipe: Recipe) -> str:
    """IPTC digital source type of what `recipe` draws, as a URI."""
    return COMPOSITE if is_composite(recipe) else GENERATED


@dataclass(frozen=True, slots=True)
class Claims:
    """Recipe, model and program, ready to be spelled in any file format."""

    recipe: Recipe
    title: str = ""
    """What the model is called by people; its name in the recipe where empty."""
    licence: str = ""
    """Licence of the weights, in a few words."""
    attribution: str = ""
    """Whom the licence asks to name."""
    film: Film | None = None
    """The film that was drawn; `recipe` is then its first keyframe and is not told beside it."""
    frame: int | None = None
    """Number of the frame, where one frame of the film makes a file of its own."""
    finish: Finish = AS_DRAWN
    """What was done to the picture after it had been drawn."""

    @property
    def is_composite(self) -> bool:
        """Whether a picture somebody supplied went into it."""
        if self.film is None:
            return is_composite(self.recipe)
        return any(is_composite(key.recipe) for keys in self.film.cells for key in keys)

    @property
    def source_type(self) -> str:
        """IPTC digital source type, a URI."""
        return COMPOSITE if self.is_composite else GENERATED

    @property
    def supplied_title(self) -> str:
        """What the supplied picture is called as an ingredient; empty where there is none."""
        recipes = [self.recipe] if self.film is None else [k.recipe for ks in self.film.cells for k in ks]
        latents = (latent for recipe in recipes for latent in recipe.latents)
        return next((_plain(latent.origin) for latent in latents if latent.is_of_supplied_picture), "")

    @property
    def film_text(self) -> str:
        """The film as canonical JSON, ASCII only; empty for a still."""
        return "" if self.film is None else film_document.dumps(self.film)

    @property
    def recipe_text(self) -> str:
        """The recipe as canonical JSON, ASCII only."""
        return dumps(self.recipe)

    @property
    def software(self) -> str:
        """Program and version."""
        return f"Latent Explorer {explorer.__version__}"

    @property
    def description(self) -> str:
        """One sentence for people who open the file's properties."""
        kind = "picture" if self.film is None or self.film.frames == 1 else "film"
        what = f"an edited {kind} from a supplied one" if self.is_composite else f"a {kind} of nothing real"
        return _plain(
            f"AI-generated: {what}, drawn by the network {self.title or self.recipe.model.name!r} "
            f"with {self.software} ({self._origin()})."
        )

    @property
    def rights(self) -> str:
        """Licence and attribution in one line; empty where neither is known."""
        return _plain(". ".join(part for part in (self.licence, self.attribution) if part))

    @property
    def parameters(self) -> str:
        """The line that other image generators write under the key `parameters`."""
        recipe = self.recipe
        seed = edits.seed_a(recipe)
        facts = [] if seed is None else [f"Seed: {seed}"]
        facts += [f"Psi: {recipe.psi:g}", f"Model: {recipe.model.name}"]
        if recipe.model.sha256:
            facts.append(f"Model hash: {recipe.model.sha256[:10]}")
        facts.append(f"Version: {self.software}")
        return _plain(", ".join(facts))

    def _origin(self) -> str:
        if self.film is not None and (keys := sum(map(len, self.film.cells))) > 1:
            return f"from {keys} keyframes" if self.film.frames > 1 else f"{keys} pictures"
        base, psi = self.recipe.base, f"psi {self.recipe.psi:g}"
        if isinstance(base, StoredLatent):
            return f"from {base.origin}, {psi}"
        names = " and ".join(source_name(source) for source, weight in base.terms if weight != 0)
        return f"{names.replace(' and seed ', ' and ')}, {psi}"


def _plain(text: str) -> str:
    """Text without control characters, which neither PNG nor XML can hold."""
    return "".join(c if c.isprintable() else " " for c in text)
