"""What the curve of load is drawn from."""

from pathlib import Path

from load_curve import FIELDS, measured


def test_when_and_where_it_was_measured_is_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "load_curve.csv"
    path.write_text(
        f"{','.join(FIELDS)}\ntinydigits,50.0,49.3,0.8,1.8,0\ndate,2026-11-24\n"
        'hardware,"AMD EPYC, 2 cores, Linux 6.18.44"\nLitServe,"litserve 0.2.19, pillow 13.0.0"\n'
    )
    assert [row["service"] for row in measured(path)] == ["tinydigits"]
