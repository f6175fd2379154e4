#!/usr/bin/env bash
# Builds the Dockerfile, runs the image and checks it: scripts/test_container.sh PICTURE [DIGIT]
#
# Uses Docker where its engine runs, else buildah as root, on a Debian that debootstrap makes once.
# From the environment:
#   BASE           base image; by default the Dockerfile's for Docker, that Debian for buildah
#   SUITE          release of that Debian (trixie, which has the Python of the Dockerfile's base)
#   MIRROR         where debootstrap takes it from
#   REPRODUCE      if set, build twice without a cache: the layers must be the same
#   BUILD_VOLUMES  more mounts for buildah's build, HOST:CONTAINER[:ro], separated by spaces
set -euo pipefail

picture=${1:?usage: scripts/test_container.sh PICTURE [DIGIT]}
expected=${2:-}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
image=localhost/tinydigits:test-$$
again=localhost/tinydigits:again-$$
# Files and image are as old as the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 315532800)}
export SOURCE_DATE_EPOCH
suite=${SUITE:-trixie}
temporary=$(mktemp -d)
log=$temporary/log
engine=
container=
base_container=
runner=

die() {
    echo "error: $*" >&2
    if [[ -s $log ]]; then tail -n 40 "$log" >&2; fi
    exit 1
}

# buildah hands no signal on, so the service itself must get it: the last of buildah's descendants.
service_pid() {
    local pid=$runner child
    while child=$(pgrep -P "$pid" | head -n 1) && [[ -n $child ]]; do pid=$child; done
    echo "$pid"
}

# In the background, because bash answers no signal while it waits for a command in front.
logged() {
    "$@" >"$log" 2>&1 &
    wait $!
}

clean_up() {
    set +e
    if [[ -n $runner ]]; then kill -KILL "$(service_pid)"; else jobs -p | xargs --no-run-if-empty kill; fi
    wait
    if [[ $engine == docker ]]; then
        if [[ -n $container ]]; then docker rm --force "$container"; fi
        docker rmi "$image"
    elif [[ $engine == buildah ]]; then
        for name in $container $base_container; do buildah rm "$name"; done
        buildah rmi "$image"
        buildah rmi "$again"
    fi
    rm -rf "$temporary"
} >/dev/null 2>&1
trap clean_up EXIT

# Prints a buildah option a line. An image's build knows nothing of this machine's index and
# certificates, so pip's settings that lead to them go in as one file, and with them the local
# paths that they name. A local index goes in with its parent: its pages link to files beside it.
pip_mounts() {
    python3 - "$temporary/pip.conf" <<'PYTHON'
import ast
import configparser
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

INDEXES = {"index-url", "extra-index-url"}
CARRIED = INDEXES | {"find-links", "no-index", "cert", "client-cert", "trusted-host", "proxy"}
listing = subprocess.run(
    [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
)
settings: dict[str, str] = {}
paths: set[Path] = set()
# The environment's lines start with a colon and must come last, to win as they do in pip.
for line in sorted(listing.stdout.splitlines(), key=lambda line: line.startswith(":env:")):
    key, _, literal = line.partition("=")
    name, value = key.rpartition(".")[2], ast.literal_eval(literal)
    if name not in CARRIED:
        continue
    settings[name] = value.replace("%", "%%").replace("\n", "\n    ")
    for word in value.split():
        url = urlsplit(word)
        path = Path(unquote(url.path)) if url.scheme in ("", "file") else Path()
        if path.is_absolute() and path.exists():
            paths.add(path.parent if name in INDEXES else path)
configuration = configparser.ConfigParser()
configuration["global"] = settings
with open(sys.argv[1], "w") as file:
    configuration.write(file)
for source, target in [(sys.argv[1], "/etc/pip.conf"), *((path, path) for path in sorted(paths))]:
    print(f"--volume={source}:{target}:ro")
PYTHON
}

make_base() {
    local mount
    echo "making a base of Debian $suite"
    base_container=$(buildah from scratch)
    mount=$(buildah mount "$base_container")
    logged debootstrap --variant=minbase --include=python3,python3-venv "$suite" "$mount" \
        ${MIRROR:+"$MIRROR"} || die "debootstrap failed"
    rm -rf "$mount"/var/cache/apt/* "$mount"/var/lib/apt/lists/*
    buildah commit --quiet "$base_container" "$1" >/dev/null
    buildah rm "$base_container" >/dev/null
    base_container=
}

# The image's command or health check, an argument a line.
from_image() {
    if [[ $engine == docker ]]; then
        docker image inspect "$image"
    else
        buildah inspect --type image "$image"
    fi | python3 -c '
import json, sys
image = json.load(sys.stdin)
config = image[0]["Config"] if isinstance(image, list) else image["Docker"]["config"]
command = (config["Entrypoint"] or []) + (config["Cmd"] or [])
health = config["Healthcheck"]["Test"]
assert health[0] == "CMD", "the health check needs a shell"
print(*(command if sys.argv[1] == "command" else health[1:]), sep="\n")' "$1"
}

inside() {
    if [[ $engine == docker ]]; then
        docker exec --interactive "$container" "$@"
    else
        buildah run --isolation chroot --env "PORT=$port" "$container" -- "$@"
    fi
}

fetch() { curl --silent --show-error --fail --noproxy '*' --max-time 10 "$@"; }

now() { date +%s%3N; }

# --- build ---

if docker info >/dev/null 2>&1; then
    engine=docker
elif command -v buildah >/dev/null && [[ $(id -u) == 0 ]]; then
    engine=buildah
else
    die "this needs a running Docker engine, or buildah and root"
fi
for tool in curl pgrep python3; do
    command -v "$tool" >/dev/null || die "$tool is missing; install it"
done
[[ -r $picture ]] || die "$picture can't be read"

start=$(now)
if [[ $engine == docker ]]; then
    logged docker build ${BASE:+--build-arg "BASE=$BASE"} \
        --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" --tag "$image" "$root" \
        || die "the image does not build"
    if [[ -n ${REPRODUCE:-} ]]; then die "REPRODUCE needs buildah"; fi
    size=$(docker images --format '{{.Size}}' "$image")
else
    base=${BASE:-localhost/tinydigits-base:$suite}
    if [[ -z ${BASE:-} ]] && ! buildah inspect --type image "$base" >/dev/null 2>&1; then
        command -v debootstrap >/dev/null || die "debootstrap is missing; install it, or set BASE"
        make_base "$base"
        echo "base made in $(($(now) - start)) ms"
        start=$(now)
    fi
    mapfile -t mounts < <(pip_mounts)
    for volume in ${BUILD_VOLUMES:-}; do mounts+=("--volume=$volume"); done
    build() {
        # Docker's format, because OCI's has no health check.
        logged buildah bud --format docker --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" \
            --build-arg "BASE=$base" --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" \
            "${mounts[@]}" "$@" "$root" || die "the image does not build"
    }
    layers() { buildah inspect --type image --format '{{.OCIv1.RootFS.DiffIDs}}' "$1"; }
    build --tag "$image"
    if [[ -n ${REPRODUCE:-} ]]; then
        build --no-cache --tag "$again"
        [[ $(layers "$image") == "$(layers "$again")" ]] || die "a second build differs"
        echo "a second build without a cache has the same layers"
    fi
    size=$(buildah images --format '{{.Size}}' "$image")
fi
echo "built by $engine in $(($(now) - start)) ms, $size"

# --- run ---

start=$(now)
if [[ $engine == docker ]]; then
    container=$(docker run --detach --read-only --publish 127.0.0.1::8000 "$image")
    port=$(docker port "$container" 8000/tcp | sed 's/.*://')
    pid=1
else
    mapfile -t command < <(from_image command)
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    container=$(buildah from "$image")
    # buildah tells no more of a signal's death than 1; a shell between says which signal it was.
    # Nor has it --read-only. An unprivileged user writes to the shared temporary directories
    # at most, so those are covered; that there is nothing else to write to is checked below.
    mkdir "$temporary/empty"
    buildah run --isolation chroot --env "PORT=$port" \
        --volume "$temporary/empty:/tmp:ro" --volume "$temporary/empty:/var/tmp:ro" \
        "$container" -- sh -c '"$@"; exit $?' sh "${command[@]}" >"$log" 2>&1 &
    runner=$!
fi
for ((attempt = 0; ; attempt++)); do
    if [[ $engine == docker ]]; then docker logs "$container" >"$log" 2>&1; fi
    if fetch --output /dev/null "http://127.0.0.1:$port/health/ready" 2>/dev/null; then break; fi
    ((attempt < 600)) || die "not ready after a minute"
    if [[ -n $runner ]]; then kill -0 "$runner" 2>/dev/null || die "the service ended"; fi
    sleep 0.1
done
echo "ready in $(($(now) - start)) ms"

# --- ask ---

url=http://127.0.0.1:$port
sha256=$(sha256sum "$root/weights/digits.onnx" | cut -d ' ' -f 1)
fetch "$url/model-info" >"$temporary/model-info" || die "/model-info does not answer"
grep -q "$sha256" "$temporary/model-info" || die "the image serves another checkpoint"
fetch --output /dev/null "$url/" || die "the page does not answer"
answer=$(fetch --form "file=@$picture" "$url/predict") || die "/predict does not answer"
digit=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["digit"])' "$answer")
echo "$(basename "$picture") is a $digit: $answer"
[[ -z $expected || $digit == "$expected" ]] || die "expected a $expected"

# --- look inside ---

if [[ $engine == buildah ]]; then pid=$(service_pid); fi
mapfile -t health < <(from_image health)
inside "${health[@]}" || die "the health check fails on a healthy service"
inside python - "$pid" <<'PYTHON' || die "the image is not as it should be"
import importlib.util
import os
import shutil
import stat
import sys
from pathlib import Path

import numpy

problems: list[str] = []
if os.stat(f"/proc/{sys.argv[1]}").st_uid == 0:
    problems.append("the service runs as root")
for module in ("training", "torch", "pytest"):
    if importlib.util.find_spec(module):
        problems.append(f"{module} is installed")
for program in ("cc", "gcc", "c++"):
    if shutil.which(program):
        problems.append(f"{program} is installed")
for package in (Path("app"), Path(numpy.__file__).parent):
    if not list(package.glob("__pycache__/*.pyc")):
        problems.append(f"{package} has no bytecode")
for directory, names, files in os.walk("/"):
    names[:] = [n for n in names if not os.path.ismount(os.path.join(directory, n))]
    for path in [directory, *(os.path.join(directory, file) for file in files)]:
        status = os.lstat(path)
        shared = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
        if not stat.S_ISLNK(status.st_mode) and not shared and os.access(path, os.W_OK):
            problems.append(f"{path} is writable")
sys.exit("\n".join(problems[:20]) or 0)
PYTHON
if grep --quiet --ignore-case telemetry "$log"; then die "the service tries to report to somebody"; fi

# --- stop ---

start=$(now)
if [[ $engine == docker ]]; then
    docker stop "$container" >/dev/null
    status=$(docker inspect --format '{{.State.ExitCode}}' "$container")
    docker logs "$container" >"$log" 2>&1
else
    kill -TERM "$pid"
    status=0
    wait "$runner" || status=$?
    runner=
fi
# Having shut down, the server raises the signal anew; process 1 of a container survives that.
[[ $status == 0 || $status == 143 ]] || die "the service exits with $status"
grep -q "Application shutdown complete" "$log" || die "the service did not shut down cleanly"
echo "stopped by SIGTERM in $(($(now) - start)) ms, status $status"
