import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import RecipeError
from explorer.recipe import Mix, ModelRef, Push, Recipe, SeedBlend, StoredDirection, StoredLatent, document
from tests.recipe import strategies as some


@given(some.recipes)
def test_there_and_back(recipe):
    assert document.loads(document.dumps(recipe)) == recipe


@given(some.recipes)
def test_equal_recipes_have_equal_text(recipe):
    text = document.dumps(recipe)
    assert text.isascii()
    assert document.dumps(document.loads(text)) == text


def test_the_spelling_of_version_1_is_a_promise():
    """A file written by the first release must open for ever."""
    text = (
        '{"base":{"seeds":[[5,0.75],[9,0.25]]},"class":null,"cutoff":8,'
        '"directions":[{"amount":2.0,"layers":"4-8","name":"smile"}],'
        '"kind":"latent-explorer/recipe",'
        '"mixes":[{"layers":"coarse","seed":9,"strength":0.5}],'
        '"model":{"name":"faces","sha256":""},'
        '"noise":{"mode":"random","seed":3,"strength":1.0},"psi":0.7,'
        '"transform":{"degrees":0.0,"x":0.0,"y":0.0},"version":1}'
    )
    recipe = document.loads(text)
    assert recipe.psi == 0.7
    assert recipe.mixes[0].layers == "coarse"
    assert document.dumps(recipe) == text


def test_a_mix_of_classes_is_written_only_where_there_is_one():
    """Pictures without one stay readable by programs that do not know it."""
    recipe = Recipe(ModelRef("faces"), class_index=3)
    assert "class_mix" not in document.to_json(recipe)
    mixed = document.to_json(recipe.with_(class_mix=((5, 0.25),)))
    assert mixed == document.to_json(recipe) | {"class_mix": [[5, 0.25]]}


LATENT = StoredLatent(1, 2, b"12345678")


def test_a_latent_alone_is_written_as_the_first_version_wrote_it():
    data = document.to_json(Recipe(ModelRef("faces"), base=LATENT))
    assert data["version"] == 1
    assert set(data["base"]["latent"]) == {"rows", "width", "float32", "sha256", "origin"}


def test_latents_among_seeds_are_listed_once():
    """Row by row a recipe may name the same latent a dozen times: it is written once."""
    mixes = tuple(Mix(LATENT, (row,), row / 10) for row in range(8))
    recipe = Recipe(ModelRef("faces"), base=SeedBlend.between(7, LATENT, 0.25), mixes=mixes)
    data = document.to_json(recipe)
    assert data["version"] == 2
    assert len(data["latents"]) == 1
    assert data["base"] == {"seeds": [[7, 0.75], [{"latent": 0}, 0.25]]}
    assert data["mixes"][0]["seed"] == {"latent": 0}
    assert document.from_json(data) == recipe


def test_the_digest_of_the_picture_travels():
    recipe = Recipe(ModelRef("faces"), base=replace(LATENT, picture_sha256="ab" * 32))
    assert document.loads(document.dumps(recipe)).base.picture_sha256 == "ab" * 32


@pytest.mark.parametrize("place", [1, -1, True, "0", None, 0.0])
def test_a_latent_that_is_not_in_the_list_is_refused(place):
    recipe = Recipe(ModelRef("faces"), base=SeedBlend.between(7, LATENT, 0.25))
    data = document.to_json(recipe) | {"base": {"seeds": [[{"latent": place}, 1.0]]}}
    with pytest.raises(RecipeError):
        document.from_json(data)


@pytest.mark.parametrize("mix", [[[5]], [5], 5, [["5", 0.1]], [[5, True]], [[[], 0.1]], {"5": 0.1}])
def test_a_damaged_mix_of_classes_is_refused(mix):
    data = document.to_json(Recipe(ModelRef("faces"))) | {"class_mix": mix}
    with pytest.raises(RecipeError):
        document.from_json(data)


def test_a_newer_version_is_named():
    data = document.to_json(Recipe(ModelRef("faces"))) | {"version": document.VERSION + 1}
    with pytest.raises(RecipeError, match="newer Latent Explorer"):
        document.from_json(data)


def test_an_unknown_field_is_named():
    data = document.to_json(Recipe(ModelRef("faces"))) | {"hat": True}
    with pytest.raises(RecipeError, match="hat"):
        document.from_json(data)


def test_a_damaged_latent_is_noticed():
    from explorer.recipe import StoredLatent

    recipe = Recipe(ModelRef("faces"), base=StoredLatent(1, 2, b"12345678"))
    data = document.to_json(recipe)
    data["base"]["latent"]["float32"] = "MTIzNDU2Nzk="
    with pytest.raises(RecipeError, match="checksum"):
        document.from_json(data)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", '{"kind":1}', "[" * 100_000, '{"psi":NaN}', "x" * 99]
)
def test_what_is_no_recipe_is_refused(text):
    with pytest.raises(RecipeError):
        document.loads(text)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(some.recipes, st.data())
def test_no_damage_escapes_as_another_error(recipe, data):
    """Replace one value anywhere by any other: a recipe or a RecipeError comes out."""
    tree = document.to_json(recipe)
    holder, keys = tree, sorted(tree)
    while True:
        key = data.draw(st.sampled_from(keys))
        inner = holder[key]
        if isinstance(inner, dict) and inner and data.draw(st.booleans()):
            holder, keys = inner, sorted(inner)
        elif isinstance(inner, list) and inner and data.draw(st.booleans()):
            holder, keys = inner, list(range(len(inner)))
        else:
            break
    holder[key] = data.draw(json_values)
    with contextlib.suppress(RecipeError):
        document.loads(json.dumps(tree))


def test_a_direction_travels_with_its_recipe_and_only_then_takes_room():
    bare = Recipe(ModelRef("faces"), directions=(Push("smile", 2.0),))
    assert set(document.to_json(bare)["directions"][0]) == {"name", "amount", "layers"}
    stored = StoredDirection(1, 2, b"\0\0\x80\x3f\0\0\0\0", 1.5, "coarse", "pca")
    carried = bare.with_(directions=(Push("smile", 2.0, stored=stored, is_on=False),))
    assert document.loads(document.dumps(carried)) == carried


@pytest.mark.parametrize(
    "change",
    [
        {"on": 1},
        {"hat": 1},
        {"vector": 5},
        {"vector": {}},
        {"vector": {"rows": 1, "width": 1, "float32": "AACAfw==", "sigma": 1, "layers": "all", "kind": ""}},
    ],
)
def test_a_damaged_direction_is_refused(change):
    data = document.to_json(Recipe(ModelRef("faces"), directions=(Push("smile", 2.0),)))
    data["directions"][0] |= change
    with pytest.raises(RecipeError):
        document.from_json(data)
