"""Results that were measured, and scripts for what no command of the package measures."""
