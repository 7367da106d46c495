"""How figures are written in the tables."""

import statistics


def spread(values, form="{:.2f}"):
    """Writes a median with the least and the most, where there is more than one value."""
    values = list(values)
    if len(values) == 1:
        return form.format(values[0])
    texts = [form.format(value) for value in (statistics.median(values), min(values), max(values))]
    return f"{texts[0]} ({texts[1]} to {texts[2]})"
