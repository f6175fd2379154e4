"""``python -m app.bulk INPUT OUTPUT``: the digits on any number of pictures, on Ray Data."""

import os

# Ray reports to its makers unless told not to before it is loaded.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
