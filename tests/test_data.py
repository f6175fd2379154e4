import shutil
from pathlib import Path

import pytest
import torch

from training.data import DataError, Digits, check_normalization, hold_out, load_mnist


def numbered(count: int) -> Digits:
    return Digits(torch.zeros(count, 28, 28, dtype=torch.uint8), torch.arange(count))


@pytest.fixture
def copy_of_mnist(mnist_root: Path, tmp_path: Path) -> Path:
    shutil.copytree(mnist_root / "MNIST/raw", tmp_path / "MNIST/raw")
    return tmp_path


def test_loads_all_digits(mnist_root: Path) -> None:
    mnist = load_mnist(mnist_root)
    assert mnist.train.images.shape == (60_000, 28, 28)
    assert mnist.test.images.dtype == torch.uint8
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_environment_names_the_directory(mnist_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_ROOT", str(mnist_root))
    assert len(load_mnist().test) == 10_000


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte is missing\. Point --data"):
        load_mnist(tmp_path)


def test_truncated_file_is_named(copy_of_mnist: Path) -> None:
    path = copy_of_mnist / "MNIST/raw/t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte is truncated: 1,000 of 7,840,016"):
        load_mnist(copy_of_mnist)


def test_wrong_file_is_named(copy_of_mnist: Path) -> None:
    path = copy_of_mnist / "MNIST/raw/t10k-labels-idx1-ubyte"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte is not MNIST's"):
        load_mnist(copy_of_mnist)


def test_other_images_do_not_have_the_networks_normalization() -> None:
    with pytest.raises(DataError, match=r"are \(0\.0, 0\.0\), but the network normalizes by"):
        check_normalization(numbered(10))


def test_validation_set_is_fixed_and_disjoint() -> None:
    rest, validation = hold_out(numbered(60_000))
    assert (len(rest), len(validation)) == (50_000, 10_000)
    assert set(rest.labels.tolist()).isdisjoint(validation.labels.tolist())
    assert validation.labels[:5].tolist() == [0, 1, 16, 32, 39]
