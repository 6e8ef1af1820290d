"""The deployable form of a model: data only, checked when loaded."""
