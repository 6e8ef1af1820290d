"""The command line: a thin face over jobs and the registries."""
