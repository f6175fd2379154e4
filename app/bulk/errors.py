"""What stops a run; what is wrong with one image only stands in its row."""


class BulkError(Exception):
    """The run can't begin or go on; the message says why, and what would be right."""
