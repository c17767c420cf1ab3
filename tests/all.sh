#!/usr/bin/env bash
# Runs all tests, on Debian with the .NET 10 SDK, once it has installed what else they need.
# Its arguments go to 'dotnet test': tests/all.sh --filter "Speed!=slow" runs the quick set.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Adds a package to the list of those to install, unless its command is there.
need() {
    if ! command -v "$1" >/dev/null; then missing+=("$2"); fi
}

# Raises a hard limit of this shell, which its children inherit, to at least so many.
allow() {
    local limit
    limit=$(ulimit -H "-$1")
    if [ "$limit" != unlimited ] && [ "$limit" -lt "$3" ] && ! as_root prlimit --pid $$ "--$2=$3:$3"; then
        echo "$0: the limit of $2 stays at $limit; the tests that need $3 are skipped" >&2
    fi
}

if ! command -v dotnet >/dev/null; then
    echo "$0: the command dotnet is not there; install the .NET 10 SDK, see https://learn.microsoft.com/dotnet/core/install/linux-debian" >&2
    exit 1
fi

missing=()
need strace strace
need setsid util-linux
if [ "$(uname -m)" = x86_64 ]; then # for the Windows build
    need /usr/lib/wine/wine64 wine64
    need wine wine
fi

if [ "${#missing[@]}" -gt 0 ] && ! {
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}"
}; then
    echo "$0: could not install ${missing[*]}; 'dotnet test' runs without, and skips the tests that need it" >&2
    exit 1
fi

# 9,000 clients: each has a descriptor at both ends, and in one model a thread.
allow n nofile 20000
allow u nproc 12000

# A signal that is blocked or ignored stays so in every child, and without SIGCHLD dotnet waits for its own children for ever. What
# nohup or a shell in the background ignores is left so.
signals=(--default-signal)
for signal in HUP INT QUIT; do
    if [ -n "$(trap -p "$signal")" ]; then signals+=("--ignore-signal=$signal"); fi
done
exec env "${signals[@]}" dotnet test "$@"
