"""``python -m app.bulk``: needs the extra ``bulk``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command, if its packages are there; returns the exit status."""
    try:
        from app.bulk import command
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] not in {
            "fsspec",
            "pyarrow",
            "ray",
            "tqdm",
        }:
            raise
        print(f"error: {exc.name} is missing: pip install -e '.[bulk]'", file=sys.stderr)
        return 1
    return command.main()


if __name__ == "__main__":
    sys.exit(main())
