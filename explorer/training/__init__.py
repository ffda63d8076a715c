"""A folder of pictures becomes a network that the explorer opens.

StyleGAN2-ADA for small machines: `settings` says what a run is to do, `plan`
makes one from a few wishes, `trainer` holds the networks and the step, `loop`
runs it and tells of it, `state` is the form on disk that a run goes on from,
`measures` tell how good samples are without a pretrained network.

Promises: a run can be stopped and resumed anywhere; on a CPU with the same
number of threads it then goes on bit for bit. Networks are written under the
canonical names, so `models` draws them without translation. Nothing of the
pictures is kept but their decoded form in the run's own cache.

Deliberately ignorant of the window, and of how a finished network is drawn.
"""
