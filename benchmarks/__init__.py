"""Measured work, beside its peers in the same run. Figures are ratios of medians; the machine's speed cancels out."""
