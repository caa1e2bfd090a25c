"""What text readers that people can install are worth, scored by one set of rules."""
