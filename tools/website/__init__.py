"""What the site is made of: pages written by hand, chapters of the tour, and pages generated from registries and signatures."""
