"""Recipes of every kind, for property tests."""

import struct

from hypothesis import strategies as st

from explorer.recipe import (
    NOISE_MODES,
    SEED_LIMIT,
    ZONES,
    Mix,
    ModelRef,
    Noise,
    Push,
    Recipe,
    SeedBlend,
    Source,
    StoredDirection,
    StoredLatent,
    Transform,
)

seeds = st.integers(0, SEED_LIMIT - 1)
numbers = st.floats(-1e6, 1e6, allow_nan=False)
digests = st.one_of(st.just(""), st.text("0123456789abcdef", min_size=64, max_size=64))
rows = st.sets(st.integers(0, 63), min_size=1, max_size=12).map(lambda s: tuple(sorted(s)))
layers = st.one_of(st.sampled_from(ZONES), rows)
names = st.text(min_size=1, max_size=30).filter(lambda s: s.encode("utf-8", "ignore").decode() == s)
# Names as the one-line notation can carry them.
plain_names = st.from_regex(r"[A-Za-z][A-Za-z0-9_ -]{0,18}[A-Za-z0-9]", fullmatch=True)

# Shares of at most 1/4 each, so that four of them never come to more than 1.
class_mixes = st.dictionaries(st.integers(0, 999), st.floats(0, 0.25), max_size=4).map(
    lambda shares: tuple(shares.items())
)


@st.composite
def stored_latents(draw: st.DrawFn) -> StoredLatent:
    height, width = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    data = draw(st.binary(min_size=4 * height * width, max_size=4 * height * width))
    return StoredLatent(height, width, data, draw(names), draw(digests))


latents = stored_latents()
# Mostly seeds, as in most recipes.
sources = st.one_of(seeds, seeds, latents)
mixes = st.builds(Mix, seeds, layers, numbers)


@st.composite
def blends(draw: st.DrawFn, kind: st.SearchStrategy[Source] = sources) -> SeedBlend:
    weights = draw(st.lists(st.floats(-2, 2), max_size=4))
    return SeedBlend(tuple((draw(kind), w) for w in (1 - sum(weights), *weights)))


@st.composite
def stored_directions(draw: st.DrawFn) -> StoredDirection:
    height, width = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    value = st.floats(width=32, allow_nan=False, allow_infinity=False)
    values = draw(st.lists(value, min_size=height * width, max_size=height * width))
    data = struct.pack(f"<{height * width}f", *values)
    gradient = struct.pack(f"<{width}f", *draw(st.lists(value, min_size=width, max_size=width)))
    gradient = draw(st.sampled_from([b"", gradient]))
    return StoredDirection(height, width, data, draw(numbers), draw(layers), draw(names)[:32], gradient)


@st.composite
def pushes_of(draw: st.DrawFn, names, stored) -> Push:
    """Pushes whose strengths name rows that they act on."""
    where = draw(st.one_of(st.none(), layers))
    row = st.sampled_from(where) if isinstance(where, tuple) else st.integers(0, 63)
    strengths = draw(st.dictionaries(row, numbers, max_size=3).map(lambda d: tuple(sorted(d.items()))))
    return Push(
        draw(names), draw(numbers), where, draw(stored), draw(st.booleans()), strengths, draw(st.booleans())
    )


pushes = pushes_of(names, st.one_of(st.none(), stored_directions()))
plain_pushes = pushes_of(plain_names, st.none())


def recipes_of(
    bases: st.SearchStrategy[SeedBlend | StoredLatent], mixes: st.SearchStrategy[Mix]
) -> st.SearchStrategy[Recipe]:
    return st.builds(
        Recipe,
        model=st.builds(ModelRef, names, digests),
        base=bases,
        class_index=st.one_of(st.none(), st.integers(0, 999)),
        class_mix=class_mixes,
        mixes=st.lists(mixes, max_size=4).map(tuple),
        psi=st.floats(-10, 10),
        cutoff=st.one_of(st.none(), st.integers(0, 63)),
        directions=st.lists(pushes, max_size=4).map(tuple),
        noise=st.builds(Noise, st.sampled_from(NOISE_MODES), seeds, st.floats(0, 10)),
        transform=st.builds(Transform, numbers, numbers, numbers),
    )


recipes = recipes_of(st.one_of(blends(), latents), st.builds(Mix, sources, layers, numbers))
recipes_of_seeds = recipes_of(blends(seeds), mixes)
